//! The listener: connections up to a limit, and an orderly end.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time};

use crate::{app::App, connection};

/// Connections beyond the limit that are told so at once. Further ones are closed.
const REFUSED: usize = 64;
/// The pause when the system has no descriptor for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until `stop` is ready, and then finishes answers under way.
pub(crate) async fn serve(
    app: &Arc<App>,
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
) {
    let room = Arc::new(Semaphore::new(app.limits.connections));
    let refused = Arc::new(Semaphore::new(REFUSED));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = stop.as_mut() => break,
            // The tasks that ended leave the set.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // One connection failed, or there is no descriptor for now.
            Err(_) => {
                time::sleep(PAUSE).await;
                continue;
            }
        };
        let app = Arc::clone(app);
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            let router = router.clone();
            connections.spawn(async move {
                let _counted = app.work.meter.connection();
                connection::serve(&app, stream, router).await;
                drop(permit);
            });
            continue;
        }
        app.work.meter.shed.increment(1);
        if let Ok(permit) = Arc::clone(&refused).try_acquire_owned() {
            connections.spawn(async move {
                connection::refuse(&app, stream).await;
                drop(permit);
            });
        }
    }
    drop(listener);
    app.stopping.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What takes longer is cut off when the set is dropped.
    drop(time::timeout(app.limits.stop_time, ended).await);
}
