//! `serve`: a tree over HTTP.

#[cfg(feature = "serve")]
mod descriptors;
#[cfg(feature = "serve")]
mod server;
#[cfg(feature = "serve")]
mod standby;

use std::{net::SocketAddr, path::PathBuf};

use crate::place::Place;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    place: Place,
    /// The address to listen at; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Permits an address that other machines reach. There is no TLS: a proxy in front has it
    #[arg(long)]
    expose: bool,
    #[command(flatten)]
    writing: Writing,
    /// Keeps an index, so that a leaf is found at once; takes 8 bytes of memory a leaf
    #[arg(long)]
    index: bool,
    /// Shows /metrics to clients with a token of this file alone, as Prometheus has in
    /// `authorization`
    #[arg(long, value_name = "FILE")]
    metrics_token_file: Option<PathBuf>,
    /// Serves the folder that `publish` fills: /checkpoint and /tile/..
    #[arg(long, value_name = "FOLDER")]
    tiles: Option<PathBuf>,
    /// The most connections at once; fewer where the limit on open files is lower
    #[arg(long, value_name = "N", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    connections: u32,
}

/// How the server writes, if it does.
#[derive(clap::Args, Debug)]
struct Writing {
    /// Takes leaves from clients that show a token
    #[arg(long)]
    write: bool,
    /// Reads alone while another process owns the tree, and takes the place once it has no owner
    #[arg(long, requires = "write")]
    standby: bool,
    /// The file with the tokens, one on each line, read again each second
    /// [default: the token in ROTORTREE_TOKEN]
    #[arg(long, value_name = "FILE", requires = "write")]
    token_file: Option<PathBuf>,
}

#[cfg(not(feature = "serve"))]
impl Args {
    pub(crate) fn run(self, _: &mut crate::output::Output) -> Result<(), crate::failure::Failure> {
        use crate::failure::{Code, Failure};

        let sentence = format!("this build has no server for {}", self.place);
        Err(Failure::new(Code::Usage, sentence).next("build the command with --features serve"))
    }
}
