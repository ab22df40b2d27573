//! Prints the OpenAPI document: `cargo xtask server --write` keeps it in the repository.

#![expect(clippy::print_stdout, reason = "the document is the output")]

fn main() -> Result<(), serde_json::Error> {
    print!("{}", rotortree_server::openapi()?);
    Ok(())
}
