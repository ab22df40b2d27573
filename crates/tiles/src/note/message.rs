//! What a key signs: the text of a note, or a statement about the checkpoint in it.

use super::kind::KeyKind;
use crate::text;

/// The message that a key of this kind and name signs for a text. A text for notes has no time.
/// `None` if ML-DSA is to sign what is not a checkpoint, or a name of more than 255 bytes.
pub(super) fn message(kind: KeyKind, name: &str, text: &str, time: u64) -> Option<Vec<u8>> {
    match kind {
        KeyKind::Note => Some(text.into()),
        KeyKind::Cosignature => Some(format!("cosignature/v1\ntime {time}\n{text}").into()),
        KeyKind::MlDsaCosignature => subtree(name, text, time),
    }
}

/// The structure `cosigned_message` of `tlog-cosignature`: numbers are big-endian, and names have
/// their length before them. Extension lines have no part in it.
fn subtree(name: &str, text: &str, time: u64) -> Option<Vec<u8>> {
    let mut lines = text.split('\n');
    let origin = lines.next()?;
    let size = text::number(lines.next()?)?;
    let root = text::hash(lines.next()?)?;
    let mut message = b"subtree/v1\n\0".to_vec();
    let put_name = |message: &mut Vec<u8>, name: &str| {
        message.push(name.len().try_into().ok().filter(|len| *len > 0)?);
        message.extend(name.as_bytes());
        Some(())
    };
    put_name(&mut message, name)?;
    message.extend(time.to_be_bytes());
    put_name(&mut message, origin)?;
    // A checkpoint is the subtree from the first leaf on.
    message.extend(0_u64.to_be_bytes());
    message.extend(size.to_be_bytes());
    message.extend(root);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "example.com/log\n300\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nan extension\n";

    /// Byte for byte from the words of the specification.
    #[test]
    fn the_message_of_ml_dsa_is_the_structure_of_the_specification() {
        let name = "witness.example/w1";
        let found = message(KeyKind::MlDsaCosignature, name, TEXT, 0x0102_0304);
        let mut expected = Vec::from(*b"subtree/v1\n\0\x12witness.example/w1");
        expected.extend([0, 0, 0, 0, 1, 2, 3, 4]);
        expected.extend(b"\x0fexample.com/log");
        expected.extend([0; 8]);
        expected.extend([0, 0, 0, 0, 0, 0, 1, 44]);
        expected.extend(text::hash("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap());
        assert_eq!(found.as_deref(), Some(&expected[..]));
        assert_eq!(expected.len(), 12 + 19 + 8 + 16 + 8 + 8 + 32);
    }

    #[test]
    fn ml_dsa_signs_checkpoints_alone() {
        let long = "n".repeat(256);
        let kind = KeyKind::MlDsaCosignature;
        assert_eq!(message(kind, &long, TEXT, 1), None);
        assert!(message(kind, &long[1..], TEXT, 1).is_some());
        let long_origin = TEXT.replace("example.com/log", &long);
        let empty_origin = TEXT.replace("example.com/log", "");
        let cut = "example.com/log\n300\n";
        for text in [
            &long_origin,
            &empty_origin,
            cut,
            "text\n",
            "",
            &TEXT.replace("300", "+300"),
        ] {
            assert_eq!(message(kind, "w", text, 1), None, "{text}");
        }
    }
}
