//! A projector fills the builds that nobody else fills: those of newer folds, and those that were left.

use std::time::Duration;

use tokio::sync::watch;

use crate::engine::builds::{Build, BuildState};
use crate::engine::operations::{OperationError, Operations};

const LOOK: Duration = Duration::from_secs(1);
const AFTER_TROUBLE: Duration = Duration::from_secs(10);

/// Looks for builds to fill until it is to stop.
pub(crate) async fn watch(operations: Operations, mut stopping: watch::Receiver<bool>) {
    let mut pause = LOOK;
    loop {
        let stopped = stopping.wait_for(|stop| *stop);
        if tokio::time::timeout(pause, stopped).await.is_ok() {
            return;
        }
        pause = LOOK;
        let filling = fill_all(&operations);
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            filled = filling => if let Err(error) = filled {
                tracing::warn!(%error, "projections.fill will be tried again");
                pause = AFTER_TROUBLE;
            },
        }
    }
}

async fn fill_all(operations: &Operations) -> Result<(), OperationError> {
    for build in operations.builds().await? {
        let wanted = match build.state {
            BuildState::Building => true,
            BuildState::Ready => build.switch_when_ready,
            BuildState::Live | BuildState::Previous => false,
        };
        if wanted && operations.has_fold_of(&build) {
            fill(operations, &build).await?;
        }
    }
    Ok(())
}

async fn fill(operations: &Operations, build: &Build) -> Result<(), OperationError> {
    let progress = watch::Sender::default();
    match operations.fill(build, progress).await {
        Err(OperationError::Busy { .. }) => return Ok(()),
        filled => filled?,
    }
    if build.switch_when_ready {
        match operations.switch(&build.name).await {
            // Somebody has to look at it; it stays ready.
            Err(error @ OperationError::Differs { .. }) => {
                tracing::warn!(read_model = build.name, %error, "projections.switch waits");
            }
            switched => drop(switched?),
        }
    }
    Ok(())
}
