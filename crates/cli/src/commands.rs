//! The commands, one file each: its arguments, what it does, and what it prints.

pub(crate) mod append;
pub(crate) mod assets;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod checkpoint;
pub(crate) mod consistency;
pub(crate) mod copy;
pub(crate) mod find;
pub(crate) mod head;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod init;
pub(crate) mod leaves;
pub(crate) mod log;
pub(crate) mod prove;
pub(crate) mod prove_many;
pub(crate) mod publish;
pub(crate) mod recover;
pub(crate) mod root;
pub(crate) mod serve;
pub(crate) mod verify;
