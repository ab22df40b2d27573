//! The files of the page, and the files by others that it loads.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use axum::http::{HeaderMap, HeaderValue, header};

/// A file of the page.
pub(super) struct Asset {
    /// Its path below `/assets/`, which is that below the folder of this crate: scripts find each
    /// other by relative paths, here and in their tests.
    pub(super) path: &'static str,
    pub(super) bytes: &'static [u8],
}

macro_rules! assets {
    ($($path:literal)*) => {
        /// Every file, in the order of their paths.
        pub(super) const ALL: &[Asset] = &[$(Asset {
            path: $path,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)),
        },)*];
    };
}

assets! {
"explorer/chart.js"
"explorer/clock.js"
"explorer/dom.js"
"explorer/feed.js"
"explorer/format.js"
"explorer/growth.js"
"explorer/icon.svg"
"explorer/index.html"
"explorer/indices.js"
"explorer/latest.js"
"explorer/layout.js"
"explorer/leaf_list.js"
"explorer/main.js"
"explorer/panels/check.js"
"explorer/panels/consistency.js"
"explorer/panels/growth.js"
"explorer/panels/head.js"
"explorer/panels/leaf.js"
"explorer/panels/leaves.js"
"explorer/panels/trust.js"
"explorer/route.js"
"explorer/rows.js"
"explorer/server.js"
"explorer/style/drawing.css"
"explorer/style/page.css"
"explorer/style/theme.css"
"explorer/tree.js"
"explorer/tree_drawing.js"
"explorer/trust.js"
"explorer/verdict.js"
"explorer/verifier/commonjs.js"
"explorer/verifier/document.js"
"explorer/verifier/fingerprint.js"
"explorer/verifier/functions.js"
"explorer/verifier/lazy.js"
"explorer/verifier/poseidon.js"
"explorer/verifier/rotortree-verify.mjs"
"vendor/noble-hashes/LICENSE"
"vendor/noble-hashes/_blake.js"
"vendor/noble-hashes/_md.js"
"vendor/noble-hashes/_u64.js"
"vendor/noble-hashes/blake2.js"
"vendor/noble-hashes/blake3.js"
"vendor/noble-hashes/sha2.js"
"vendor/noble-hashes/sha3.js"
"vendor/noble-hashes/utils.js"
"vendor/poseidon-lite/README.md"
"vendor/poseidon-lite/constants/10.js"
"vendor/poseidon-lite/constants/11.js"
"vendor/poseidon-lite/constants/12.js"
"vendor/poseidon-lite/constants/2.js"
"vendor/poseidon-lite/constants/3.js"
"vendor/poseidon-lite/constants/4.js"
"vendor/poseidon-lite/constants/5.js"
"vendor/poseidon-lite/constants/6.js"
"vendor/poseidon-lite/constants/7.js"
"vendor/poseidon-lite/constants/8.js"
"vendor/poseidon-lite/constants/9.js"
"vendor/poseidon-lite/poseidon/index.js"
"vendor/poseidon-lite/poseidon/unstringify.js"}

/// Content types by extension. A file without one is a licence.
const KINDS: [(&str, HeaderValue); 6] = [
    ("css", HeaderValue::from_static("text/css; charset=utf-8")),
    ("html", HeaderValue::from_static("text/html; charset=utf-8")),
    ("js", SCRIPT),
    ("mjs", SCRIPT),
    ("svg", HeaderValue::from_static("image/svg+xml")),
    ("md", PLAIN),
];
const SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

impl Asset {
    /// The file at a path below `/assets/`. Binary search; paths are compared as they are.
    pub(super) fn find(path: &str) -> Option<&'static Self> {
        let place = ALL.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
        ALL.get(place)
    }

    pub(super) fn kind(&self) -> HeaderValue {
        let extension = Path::new(self.path).extension();
        let kind = KINDS
            .into_iter()
            .find(|(name, _)| extension == Some(name.as_ref()));
        kind.map_or(PLAIN, |(_, kind)| kind)
    }

    /// Changes with the bytes. It need not be the same in another build.
    pub(super) fn tag(&self) -> HeaderValue {
        let mut hasher = DefaultHasher::new();
        self.bytes.hash(&mut hasher);
        // Hex digits between quotation marks are a value.
        HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()))
            .unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether the client has these bytes already.
    pub(super) fn is_known(&self, headers: &HeaderMap) -> bool {
        let tag = self.tag();
        let known = headers.get_all(header::IF_NONE_MATCH).iter();
        known.filter_map(|known| known.to_str().ok()).any(|known| {
            let mut tags = known
                .split(',')
                .map(|known| known.trim().trim_start_matches("W/"));
            tags.any(|known| known.as_bytes() == tag.as_bytes())
        })
    }
}
