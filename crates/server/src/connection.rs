//! One connection: HTTP/1.1, with bounds on time and buffers.

use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::SockRef;
use tokio::{io::AsyncWriteExt, net::TcpStream, time};

use crate::{
    app::App,
    problem::{Code, Problem},
    unstalled::Unstalled,
};

/// Beyond these hyper answers by itself, without a document. Ours are smaller. For more fields it
/// takes memory in each request.
const MOST_HEADERS: usize = 100;
const MOST_HEAD_BYTES: usize = 64 << 10;
/// Bytes of answers that the system keeps for a client.
const SEND_BUFFER: usize = 128 << 10;

/// Serves requests until the peer goes away, a limit is reached, or the server stops; then the
/// answer under way is finished.
pub(crate) async fn serve(app: &Arc<App>, stream: TcpStream, router: Router) {
    let limits = &app.limits;
    // A small answer is not held back for more bytes, and a client that reads nothing costs so much
    // of the system's memory at most. An error shows in the first read.
    drop(stream.set_nodelay(true));
    drop(SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER));
    let stream = TokioIo::new(Unstalled::new(stream, limits.stall_time));
    let mut connection = builder(app).serve_connection(stream, TowerToHyperService::new(router));
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        () = app.stopped() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    let Err(error) = outcome else {
        return;
    };
    if error.is_timeout() {
        let parts = connection.into_parts();
        // An idle connection is closed without a word.
        if !parts.read_buf.is_empty() {
            let seconds = limits.head_time.as_secs_f64();
            let message = format!("the head of the request took longer than {seconds} s");
            let problem = Problem::new(Code::SlowRequest, message);
            let mut stream = parts.io.into_inner();
            let text = raw(&problem);
            // The peer may be gone; nothing more is owed to it.
            drop(stream.write_all(text.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    }
}

/// Tells a peer beyond the limit of connections that there is no room.
pub(crate) async fn refuse(app: &Arc<App>, stream: TcpStream) {
    const PATIENCE: time::Duration = time::Duration::from_secs(2);

    let router = Router::new().fallback(full);
    let mut builder = builder(app);
    builder.keep_alive(false);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    drop(time::timeout(PATIENCE, connection).await);
}

async fn full() -> Problem {
    Problem::new(Code::Overloaded, "too many connections are open")
}

fn builder(app: &App) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // A client that has sent all and closes its side still gets its answers.
        .half_close(true)
        .header_read_timeout(app.limits.head_time)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEAD_BYTES);
    builder
}

/// A problem as the bytes of an answer.
fn raw(problem: &Problem) -> String {
    let text = problem.text();
    format!(
        "HTTP/1.1 {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{text}",
        problem.code.status(),
        text.len()
    )
}
