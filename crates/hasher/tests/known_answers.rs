//! Pins the results of the shipped hashers: official test vectors, and the fingerprints that
//! stored trees carry.
#![cfg(all(
    feature = "blake3",
    feature = "sha2",
    feature = "keccak",
    feature = "test-util"
))]

use rotortree_hasher::{Blake3Hasher, Hash, Hasher, Keccak256Hasher, Sha256Hasher, ToyHasher};

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The input of the official BLAKE3 test vectors: the byte at `i` is `i % 251`.
fn blake3_vector_input(children: usize) -> Vec<Hash> {
    let bytes: Vec<u8> = (0..32 * children).map(|i| (i % 251) as u8).collect();
    bytes.as_chunks::<32>().0.to_vec()
}

#[test]
fn blake3_gives_the_official_test_vectors() {
    for (children, expected) in [
        (
            2,
            "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
        ),
        (
            4,
            "f17e570564b26578c33bb7f44643f539624b05df1a76c81f30acd548c44b45ef",
        ),
        (
            32,
            "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        ),
        (
            64,
            "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
        ),
    ] {
        let group = blake3_vector_input(children);
        assert_eq!(hex(&Blake3Hasher.hash_children(&group)), expected);
        let mut parents = [[0; 32]; 3];
        Blake3Hasher.hash_groups(children, &group.repeat(3), &mut parents);
        assert!(parents.iter().all(|parent| hex(parent) == expected));
    }
}

#[test]
fn sha256_gives_the_known_hashes() {
    assert_eq!(
        hex(&Sha256Hasher::new().hash_children(&[[0; 32]; 2])),
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
    );
}

#[test]
fn keccak256_gives_the_known_hashes() {
    let one = Keccak256Hasher::new().hash_children(&[[0; 32]; 2]);
    assert_eq!(
        hex(&one),
        "ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5"
    );
    // Two levels of zeros, as published lists of empty subtrees of binary Keccak trees have them.
    assert_eq!(
        hex(&Keccak256Hasher::new().hash_children(&[one; 2])),
        "b4c11951957c6f8f642c4af61cd6b24640fec6dc7fc607ee8206a99e92410d30",
    );
}

/// Checks the fingerprints for 2, 3, 4, 8, 16 and 256 children.
fn check_fingerprints(hasher: &impl Hasher, expected: [&str; 6]) {
    for (arity, expected) in [2, 3, 4, 8, 16, 256].into_iter().zip(expected) {
        assert_eq!(hex(&hasher.fingerprint(arity)), expected, "arity {arity}");
    }
}

#[test]
fn fingerprints_of_blake3_never_change() {
    check_fingerprints(
        &Blake3Hasher::new(),
        [
            "8a35045fad877e8e4c28b86d38e6a0529dd53d47866496a1bfa22d49db05548c",
            "74732e3c3c087e14a147d1c448e661c48854440a9e4947b29b676f9008255b18",
            "966f8261fe893037798de7dad4f39a416d11318cd3ce70dbefe0128c08ab728b",
            "0ccc24110844d01f49f8801fc440ea73313f60bd3b3a984a45cfd2ef4dc14e70",
            "2b515436a1d08d471ff542e242599cd1fb094b12a707a3bce40124fe4d60dfd4",
            "b8f0bbe6ab51bde46ad8d9f9e2da94513054ee0c340fef7cc9a4f87ca6750013",
        ],
    );
}

// An independent program computed the same values from the documentation.
#[test]
fn fingerprints_of_sha256_never_change() {
    check_fingerprints(
        &Sha256Hasher::new(),
        [
            "098511e295e9dc5f089b29b40f5d4b9c2f07ca0336904770f0a6ba46d962c47e",
            "f8d2810f809fd0e6075c1a9ec4348b4d6c726acc2c1b3067df6d40d977d8186f",
            "7bafffbeca9ea98461650315b88678d89b22d9172b9fdc4fd786547d764e89c4",
            "3fe7ae2d18d54badba0b3c4c2cbc4030e6010abc2a3abe035022290a436eefb5",
            "bd70ea140c177f3fd21515d2d62aeaced8ee1203d3b786171d93a97261fbf3bc",
            "b9d0f2c5979b5133ff658d0ae2bba43b5625df52a9553e893f59fb3b006a57f0",
        ],
    );
}

#[test]
fn fingerprints_of_keccak256_never_change() {
    check_fingerprints(
        &Keccak256Hasher::new(),
        [
            "fee4ccde41d1dc5fa401e2a18ac38081fb067b6f6506372afe59366e4feae479",
            "3529553bdb26659e0f76d5d88633d7fb4f3ba3e7071d6c36b3cbc04057ede7b5",
            "4e1dbdc585db11b91d89cac718b36a1d34a95c5824e323250ea29384f9a58c36",
            "642e433750b115e8e234fbd071948d6bd95d6382fabf55d16b762bfbcfebf1e0",
            "75edee76b5a4fea51d625212be602398cbf4cd0a04a02a6ca1caa091fd953628",
            "64de006dddfa5323ea109ee916d3195b1afc2fd66d5147b4ebeae2789ef1abdc",
        ],
    );
}

#[test]
fn fingerprints_of_toy_never_change() {
    check_fingerprints(
        &ToyHasher::new(),
        [
            "1fab88069f6550f2c07186440f36ec6a33166a3aa07eb80eee81b2346f3fc849",
            "2d91cb862cd9bd31ab659392f03c2486e4d1d898facb98c6aa3352e5158f835b",
            "2a8bed0cb79f5be322ba70e34cfe192a44d82921ef0511cf0df816e490b40c40",
            "eb3f164bbf0a0cbb1b85c3fcabcda576e51125e3c1a59ea7226f7d18a1270e69",
            "5715fb325742b3f5ada95506652993d743884ce99b7ff456fe8436130227f915",
            "09dd08e7a6c3f56298826babf68f91cebf914e66b16af90076d453a9c6cc0803",
        ],
    );
}

#[test]
fn a_fingerprint_ends_at_256_children() {
    assert_eq!(Blake3Hasher.fingerprint(257), Blake3Hasher.fingerprint(256));
    assert_ne!(Blake3Hasher.fingerprint(256), Blake3Hasher.fingerprint(255));
}
