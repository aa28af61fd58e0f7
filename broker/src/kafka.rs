//! A cluster of one node or several, and its life.

use std::path::Path;

use tempfile::TempDir;

use crate::error::Error;
use crate::jars::Jars;
use crate::node::{Node, Place};
use crate::watchdog::Watchdog;

/// A running Apache Kafka. Its processes and files go when it is dropped, and when this process ends otherwise.
#[derive(Debug)]
pub struct Kafka {
    jars: Jars,
    nodes: Vec<Node>,
    folder: TempDir,
    _watchdog: Watchdog,
}

impl Kafka {
    /// Formats and starts so many nodes, each broker and controller at once, and waits until they listen. What is in
    /// `settings` comes last in their `server.properties`.
    ///
    /// # Errors
    /// [`Error`], with the end of what the server said.
    pub async fn start(jars: Jars, nodes: usize, settings: &[(String, String)]) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("annals-kafka-")
            .tempdir()
            .map_err(Error::io("cannot make a folder in", Path::new("/tmp")))?;
        let watchdog = Watchdog::spawn(folder.path())?;
        let places = Place::free(nodes).map_err(Error::io("no free port for", folder.path()))?;
        let mut kafka = Self {
            jars,
            nodes: Vec::new(),
            folder,
            _watchdog: watchdog,
        };
        for place in &places {
            let node = Node::format(&kafka.jars, kafka.folder.path(), *place, &places, settings).await?;
            kafka.nodes.push(node);
        }
        for node in &mut kafka.nodes {
            node.spawn(&kafka.jars)?;
        }
        for node in &mut kafka.nodes {
            node.ready().await?;
        }
        Ok(kafka)
    }

    /// The brokers' addresses, as clients take them.
    #[must_use]
    pub fn brokers(&self) -> String {
        let addresses = self.nodes.iter().map(|node| node.place.broker.to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// How many nodes there are, running or not.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// `kill -9` for a node, by its place from 0 on.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// The process id of a node that runs.
    #[must_use]
    pub fn pid(&self, node: usize) -> Option<u32> {
        self.nodes[node].pid()
    }

    /// Starts a node that was killed, with the files and the addresses that it had.
    ///
    /// # Errors
    /// [`Error`], with the end of what the server said.
    pub async fn restart(&mut self, node: usize) -> Result<(), Error> {
        self.nodes[node].spawn(&self.jars)?;
        self.nodes[node].ready().await
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
    }
}
