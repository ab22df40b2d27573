//! Cosignatures with ML-DSA-44, beside another implementation of FIPS 204.

use fips204::{
    ml_dsa_44::{KG, PublicKey},
    traits::{KeyGen as _, SerDes as _, Signer as _, Verifier as _},
};
use rotortree_tiles::{Checkpoint, Cosigner as _, KeyKind, SecretKey, Signature};

use crate::{
    count::{Count, Failure, expect},
    log::{ORIGIN, SIZE, Sample},
};

const NAME: &str = "witness.example/pq";
const SEED: [u8; 32] = [11; 32];
const TIME: u64 = 1_679_315_147;

/// Their verifier of our cosignatures, and ours of theirs, over the message that the specification
/// describes.
pub(crate) fn fips204(sample: &Sample) -> Result<Count, Failure> {
    let ours = SecretKey::from_seed(NAME, KeyKind::MlDsaCosignature, &SEED)?;
    let (public, secret) = KG::keygen_from_seed(&SEED);
    let spelled = ours.public().to_string();
    let encoded = spelled.splitn(3, '+').nth(2).unwrap_or_default();
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, encoded)?;
    let same = bytes.strip_prefix(&[6]) == Some(&public.clone().into_bytes()[..]);
    expect(same, || "the public key of one seed".to_owned())?;
    let public = PublicKey::try_from_bytes(public.into_bytes())?;

    let mut count = Count::default();
    for (size, time) in [(1, 0), (300, TIME), (SIZE, TIME)] {
        let head = sample.head(size)?;
        let text = Checkpoint::new(ORIGIN, head).to_string();
        let message = [
            b"subtree/v1\n\0",
            &[NAME.len() as u8][..],
            NAME.as_bytes(),
            &time.to_be_bytes(),
            &[ORIGIN.len() as u8],
            ORIGIN.as_bytes(),
            &0_u64.to_be_bytes(),
            &size.to_be_bytes(),
            &head.rfc6962_root(),
        ]
        .concat();
        let line = ours.cosign(&text, time)?;
        let (_, signature) = line.bytes().split_at(8);
        expect(public.verify(&message, &signature.try_into()?, &[]), || {
            format!("our cosignature of size {size}")
        })?;
        let theirs = secret.try_sign_with_seed(&[size as u8; 32], &message, &[])?;
        let (name, id) = ours.public().id();
        let line = Signature::new(name, id, [&time.to_be_bytes()[..], &theirs].concat());
        let line = line.ok_or("a line")?;
        expect(ours.public().verify(&text, &line), || {
            format!("their cosignature of size {size}")
        })?;
        count.notes += 2;
    }
    Ok(count)
}
