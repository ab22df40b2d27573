//! A server with fewer descriptors than connections.

use crate::{
    client::Client,
    process::{Process, TOKEN, run},
};

#[test]
fn clients_that_take_every_connection_leave_descriptors_to_the_tree() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tree");
    run(["init".as_ref(), place.as_os_str()]);
    let server = Process::start_within(&place, 160);
    let clients = (0..120).map(|_| Client::connect(server.address).unwrap());
    let mut clients: Vec<Client> = clients.collect();
    // Nothing was written before: the first append creates files.
    for (size, client) in (1..).zip(&mut clients[..8]) {
        let (status, answer) = client.append(TOKEN, &[7; 32]).unwrap();
        assert_eq!(
            (status, answer["size"].as_u64()),
            (200, Some(size)),
            "{answer}"
        );
    }
}
