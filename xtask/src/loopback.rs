//! Servers on loopback: programs that are installed below the target folder, free ports, a look at
//! their health, and an end that comes with xtask's.

pub(crate) mod http;
pub(crate) mod ports;
pub(crate) mod python;
pub(crate) mod server;
