//! The code of the guide's chapters, compiled and run.

macro_rules! chapters {
    ($($chapter:ident: $file:literal,)*) => {$(
        #[doc = include_str!(concat!("../../../docs/guide/src/", $file))]
        struct $chapter;
    )*};
}

chapters! {
    Async: "async.md",
    Buckets: "buckets.md",
    Choosing: "choosing.md",
    Durability: "durability.md",
    Heads: "heads.md",
    Indexer: "indexer.md",
    Memory: "memory.md",
    Publishing: "publishing.md",
    Recovery: "recovery.md",
    Sequencer: "sequencer.md",
    Wallet: "wallet.md",
}
