//! The checkpoint and the tiles of a transparency log, at the paths of tlog-tiles.

use std::{fs, io, path::Path, sync::Arc};

use axum::{Router, extract::State, http::Uri, response::Response, routing::get};

use crate::{
    answer,
    app::App,
    problem::{Code, Problem},
};

/// The longest file: a bundle of 256 entries of 65,535 bytes each, with their lengths.
const LONGEST: u64 = 256 * (65_535 + 2);

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/checkpoint", get(file))
        .route("/tile/{*path}", get(file))
}

/// The file at the path of a request.
async fn file(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Problem> {
    let absent = || Problem::new(Code::NotFound, "there is no such file");
    let folder = app.tiles.as_ref().ok_or_else(absent)?;
    let path = uri.path();
    let is_checkpoint = path == "/checkpoint";
    if !is_checkpoint && !is_of_a_tile(path) {
        return Err(absent());
    }
    let (folder, file) = (folder.clone(), folder.join(&path[1..]));
    let read = app.work.calls.run(move || read(&folder, &file));
    let Some(bytes) = read.await? else {
        return Err(absent());
    };
    Ok(match is_checkpoint {
        true => answer::body(bytes, answer::TEXT, answer::NOW),
        false => answer::body(bytes, answer::BYTES, answer::FOR_EVER),
    })
}

/// Whether a path is that of a tile, and nothing that a file system reads otherwise:
/// `/tile/LEVEL/x000/000`, `/tile/entries/x000/000`, each perhaps with `.p/WIDTH` behind it.
fn is_of_a_tile(path: &str) -> bool {
    let Some(path) = path.strip_prefix("/tile/") else {
        return false;
    };
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_three = |text: &str| text.len() == 3 && is_number(text, 3);
    let (path, is_whole) = match path.split_once(".p/") {
        Some((path, width)) => (path, is_number(width, 3)),
        None => (path, true),
    };
    let mut parts = path.split('/');
    let level = parts.next().unwrap_or_default();
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    let is_high = |part: &&str| part.strip_prefix('x').is_some_and(is_three);
    is_whole
        && (level == "entries" || is_number(level, 2))
        && is_three(last)
        && parts.len() < 7
        && parts.iter().all(is_high)
}

/// The bytes of a file below a folder; `None` if there is none, or a link leads out of the folder.
/// The folder itself may be a link.
fn read(folder: &Path, file: &Path) -> Result<Option<Vec<u8>>, Problem> {
    use io::ErrorKind::{NotADirectory, NotFound};

    let read = || {
        let file = file.canonicalize()?;
        if !file.starts_with(folder.canonicalize()?) {
            return Ok(None);
        }
        let metadata = fs::metadata(&file)?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return Ok(None);
        }
        fs::read(&file).map(Some)
    };
    match read() {
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(Problem::new(Code::Internal, error.to_string())),
        Ok(bytes) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_a_tile;

    #[test]
    fn the_paths_of_tiles_are_known() {
        for path in [
            "/tile/0/000",
            "/tile/0/x001/x234/067",
            "/tile/63/255.p/1",
            "/tile/entries/x001/000.p/255",
        ] {
            assert!(is_of_a_tile(path), "{path}");
        }
    }

    #[test]
    fn no_other_path_reaches_the_file_system() {
        for path in [
            "/tile/",
            "/tile/0",
            "/tile/0/",
            "/tile/0/00",
            "/tile/0/../../secret",
            "/tile/0/x001/../000",
            "/tile/../checkpoint",
            "/tile//000",
            "/tile/0//000",
            "/tile/0/%2e%2e/000",
            "/tile/0/000.p/",
            "/tile/0/000.p/../../..",
            "/tile/0/000.p/1/2",
            "/tile/0/x001",
            "/tile/data/000",
            "/tile/0/x000/x000/x000/x000/x000/x000/x000/000",
        ] {
            assert!(!is_of_a_tile(path), "{path}");
        }
    }
}
