//! The transcript is what the example tells.

use super::*;

#[test]
fn the_transcript_is_what_it_tells() {
    let mut out = Vec::new();
    tell(&mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    let transcript = include_str!("transcript.out").replace("\r\n", "\n");
    assert_eq!(told, transcript, "\n{told}");
}
