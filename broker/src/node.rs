//! One node: a broker and a controller in one Java process.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::error::Error;
use crate::jars::Jars;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(50);

/// Where a node listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) id: usize,
    pub(crate) broker: SocketAddr,
    pub(crate) controller: SocketAddr,
}

impl Place {
    /// Places for so many nodes on loopback ports that nobody has just now.
    pub(crate) fn free(nodes: usize) -> std::io::Result<Vec<Self>> {
        let listen = || TcpListener::bind(("127.0.0.1", 0));
        // All are held until all are known, so that no two are the same.
        let held: Vec<_> = (0..nodes * 2).map(|_| listen()).collect::<Result<_, _>>()?;
        let addresses: Vec<_> = held
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>()?;
        let places = addresses.chunks(2).zip(1..).map(|(pair, id)| Self {
            id,
            broker: pair[0],
            controller: pair[1],
        });
        Ok(places.collect())
    }
}

/// A node that was formatted; it may run.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    folder: PathBuf,
    child: Option<Child>,
}

impl Node {
    /// Writes a node's settings and formats its folder.
    pub(crate) async fn format(
        jars: &Jars,
        parent: &Path,
        place: Place,
        all: &[Place],
        settings: &[(String, String)],
    ) -> Result<Self, Error> {
        let folder = parent.join(format!("node-{}", place.id));
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot make", &folder))?;
        let node = Self {
            place,
            folder,
            child: None,
        };
        let file = node.settings_file();
        let text = node.settings(all, settings);
        std::fs::write(&file, text).map_err(Error::io("cannot write", &file))?;
        let mut format = jars.program("kafka.tools.StorageTool");
        format.args(["format", "--cluster-id", "QW5uYWxzLWZvci10ZXN0cw", "--config"]);
        let output = tokio::process::Command::from(format)
            .arg(&file)
            .output()
            .await
            .map_err(Error::io("cannot run Java on", &file))?;
        if output.status.success() {
            return Ok(node);
        }
        Err(Error::NotStarted {
            log: file,
            tail: String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr),
        })
    }

    /// Starts the process; it is ready when [`Node::ready`] says so.
    pub(crate) fn spawn(&mut self, jars: &Jars) -> Result<(), Error> {
        let log = self.log();
        let out = File::create(&log).map_err(Error::io("cannot write", &log))?;
        let err = out.try_clone().map_err(Error::io("cannot write", &log))?;
        let child = jars
            .program("kafka.Kafka")
            .arg(self.settings_file())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            // Ctrl-C at the terminal is for the tests; the watchdog ends what they leave.
            .process_group(0)
            .spawn()
            .map_err(Error::io("cannot run Java for", &log))?;
        let pid = self.folder.join("pid");
        std::fs::write(&pid, child.id().to_string()).map_err(Error::io("cannot write", &pid))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until the node listens.
    pub(crate) async fn ready(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if TcpStream::connect(self.place.broker).await.is_ok() {
                return Ok(());
            }
            let runs = self
                .child
                .as_mut()
                .is_some_and(|child| matches!(child.try_wait(), Ok(None)));
            let log = self.log();
            if !runs {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(20).collect();
                let tail = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Error::NotStarted { log, tail });
            }
            if Instant::now() > deadline {
                let patience = PATIENCE;
                return Err(Error::TooSlow { patience, log });
            }
        }
    }

    /// `kill -9`; nothing is left of the process afterwards.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// The process's id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn settings(&self, all: &[Place], further: &[(String, String)]) -> String {
        let Place {
            id,
            broker,
            controller,
        } = self.place;
        let voters: Vec<String> = all
            .iter()
            .map(|place| format!("{}@{}", place.id, place.controller))
            .collect();
        let copies = all.len().min(3);
        let enough = copies.min(2);
        let data = self.folder.join("data");
        let mut text = format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={}\n\
             listeners=PLAINTEXT://{broker},CONTROLLER://{controller}\n\
             advertised.listeners=PLAINTEXT://{broker}\n\
             controller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=PLAINTEXT\n\
             log.dirs={}\n\
             auto.create.topics.enable=false\n\
             default.replication.factor={copies}\n\
             min.insync.replicas={enough}\n\
             offsets.topic.num.partitions=2\n\
             offsets.topic.replication.factor={copies}\n\
             transaction.state.log.num.partitions=2\n\
             transaction.state.log.replication.factor={copies}\n\
             transaction.state.log.min.isr={enough}\n\
             group.initial.rebalance.delay.ms=0\n\
             group.min.session.timeout.ms=500\n",
            voters.join(","),
            data.display()
        );
        for (name, value) in further {
            text.push_str(&format!("{name}={value}\n"));
        }
        text
    }
}
