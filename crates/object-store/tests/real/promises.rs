//! What every store must promise: a name is created once, and what was written is there.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{TryStreamExt, future::join_all};
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, Result, path::Path};

use crate::place::{fresh, store};

async fn create(store: &dyn ObjectStore, path: &Path, bytes: &Bytes) -> Result<()> {
    let mode = PutOptions::from(PutMode::Create);
    store
        .put_opts(path, bytes.clone().into(), mode)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
async fn of_many_that_create_a_name_one_succeeds_and_its_bytes_stay() {
    const WRITERS: u8 = 6;
    // Those that lose one are told so after a second or two by SeaweedFS.
    const RACES: usize = 8;
    let (store, below) = store();
    let folder = fresh(&below);
    for race in 0..RACES {
        let path = folder.clone().join(format!("race-{race}"));
        let (store, path) = (&store, &path);
        let tries = (0..WRITERS).map(|writer| async move {
            let created = create(store, path, &Bytes::from(vec![writer; 3000])).await;
            (writer, created)
        });
        let outcomes = join_all(tries).await;
        let winners: Vec<u8> = outcomes
            .iter()
            .filter(|(_, created)| created.is_ok())
            .map(|(writer, _)| *writer)
            .collect();
        let [winner] = winners[..] else {
            panic!("race {race}: {outcomes:?}");
        };
        for (_, lost) in outcomes.iter().filter(|(writer, _)| *writer != winner) {
            assert!(matches!(lost, Err(Error::AlreadyExists { .. })), "{lost:?}");
        }
        let there = store.get(path).await.unwrap().bytes().await.unwrap();
        assert_eq!(there, vec![winner; 3000]);
    }
}

#[tokio::test]
#[ignore = "`cargo xtask bucket` runs it, with a store"]
async fn what_was_written_is_read_and_listed_at_once_and_what_was_deleted_is_gone() {
    let (store, below) = store();
    let folder = fresh(&below);
    let mut there = BTreeSet::new();
    for number in 0..40_u32 {
        let path = folder.clone().join(format!("{number:03}"));
        let bytes = Bytes::from(vec![number as u8; number as usize * 500]);
        create(&store, &path, &bytes).await.unwrap();
        let read = store.get(&path).await.unwrap().bytes().await.unwrap();
        assert_eq!(read, bytes);
        let part = store.get_range(&path, 0..u64::from(number)).await;
        assert_eq!(
            part.ok(),
            (number > 0).then(|| bytes.slice(..number as usize))
        );
        there.insert(path);
        if number % 3 == 0 {
            let first = there.pop_first().unwrap();
            store.delete(&first).await.unwrap();
            let gone = store.get(&first).await;
            assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
        }
        let listed = store.list(Some(&folder)).map_ok(|object| object.location);
        let listed: Vec<Path> = listed.try_collect().await.unwrap();
        assert!(listed.is_sorted(), "{listed:?}");
        assert_eq!(listed, there.iter().cloned().collect::<Vec<_>>());
    }
}
