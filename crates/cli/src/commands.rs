//! The commands, one file each: its arguments, what it does, and what it prints.

pub(crate) mod append;
pub(crate) mod assets;
pub(crate) mod head;
pub(crate) mod init;
pub(crate) mod prove;
pub(crate) mod root;
pub(crate) mod verify;
