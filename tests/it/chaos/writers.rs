//! The processes that write, and what they tell: acknowledgements, repetitions, and how long they wait.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::TenantId;

pub(super) const WRITERS: usize = 4;
const TASKS: usize = 8;

/// What the log has acknowledged: by writer and task, each number with its position.
pub(super) type Acknowledged = BTreeMap<(usize, usize), BTreeMap<u64, u64>>;

/// What the writers have told so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) acknowledged: Acknowledged,
    /// Commands that had taken effect when a killed writer's successor repeated them.
    pub(super) known_after_kill: u64,
    /// Commands that had taken effect when a writer repeated them itself after an error.
    pub(super) known_after_error: u64,
    /// The longest wait for an acknowledgement or an error while the server was there.
    pub(super) longest_wait: Duration,
    /// The same of waits during which it went: without the time in which there was none.
    pub(super) longest_return: Duration,
    /// From when to when there was no server; the last may still be open.
    outages: Vec<(Instant, Option<Instant>)>,
}

impl Told {
    /// For how long there was no server.
    pub(super) fn without_server(&self) -> Duration {
        let over = self.outages.iter();
        over.filter_map(|(from, until)| Some(until.as_ref()?.duration_since(*from)))
            .sum()
    }

    /// Takes in a line of a writer.
    fn hear(&mut self, writer: usize, line: &str) {
        let (word, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<u64> = numbers.split(' ').map(|text| text.parse().unwrap()).collect();
        match (word, numbers.as_slice()) {
            ("new" | "known", [task, number, position, attempts]) => {
                let task = usize::try_from(*task).unwrap();
                let of_task = self.acknowledged.entry((writer, task)).or_default();
                let before = of_task.insert(*number, *position);
                assert_eq!(before, None, "{line}: acknowledged before");
                if word == "known" && *attempts == 1 {
                    self.known_after_kill += 1;
                } else if word == "known" {
                    self.known_after_error += 1;
                }
            }
            ("waits", [ms]) => self.wait(Duration::from_millis(*ms)),
            _ => panic!("a writer says {line:?}"),
        }
    }

    /// Takes in a wait that lasts until now.
    fn wait(&mut self, lasted: Duration) {
        let now = Instant::now();
        let Some(begun) = now.checked_sub(lasted) else {
            return;
        };
        let without_server = self.outages.iter().map(|(from, until)| {
            let until = until.unwrap_or(now).min(now);
            until.saturating_duration_since((*from).max(begun))
        });
        let without_server: Duration = without_server.sum();
        let longest = match without_server {
            Duration::ZERO => &mut self.longest_wait,
            _ => &mut self.longest_return,
        };
        *longest = (*longest).max(lasted.saturating_sub(without_server));
    }
}

/// All writers, and what they told.
pub(super) struct Writers {
    url: String,
    tenant: TenantId,
    seconds: u64,
    seed: u64,
    told: Arc<Mutex<Told>>,
    processes: Vec<(Child, JoinHandle<()>)>,
}

impl Writers {
    /// Starts them; they end by themselves a while after so many seconds.
    pub(super) fn start(url: String, tenant: TenantId, seconds: u64) -> Self {
        let mut writers = Self {
            url,
            tenant,
            seconds,
            seed: 100,
            told: Arc::default(),
            processes: Vec::new(),
        };
        for writer in 0..WRITERS {
            let process = writers.spawn(writer);
            writers.processes.push(process);
        }
        writers
    }

    /// Starts a writer where the last one of its number ended.
    fn spawn(&mut self, writer: usize) -> (Child, JoinHandle<()>) {
        self.seed += 1;
        let starts = (0..TASKS).map(|task| {
            let told = self.told();
            let numbers = told.acknowledged.get(&(writer, task));
            let next = numbers
                .and_then(|numbers| numbers.keys().last())
                .map_or(0, |n| n + 1);
            next.to_string()
        });
        let starts: Vec<String> = starts.collect();
        let mut child = Command::new(env!("CARGO_BIN_EXE_chaos-writer"))
            .args([
                &self.url,
                &self.seed.to_string(),
                &self.tenant.to_string(),
                &writer.to_string(),
            ])
            .arg((self.seconds + 60).to_string())
            .args(starts)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = Arc::clone(&self.told);
        let listener = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                told.lock().unwrap().hear(writer, &line);
            }
        });
        (child, listener)
    }

    /// Kills a writer and starts its successor, which repeats what was not acknowledged.
    pub(super) fn kill_and_replace(&mut self, writer: usize) {
        self.kill(writer);
        let process = self.spawn(writer);
        self.processes.insert(writer, process);
    }

    /// Kills a writer and hears it out.
    fn kill(&mut self, writer: usize) {
        let (mut child, listener) = self.processes.remove(writer);
        child.kill().unwrap();
        child.wait().unwrap();
        listener.join().expect("what the writer told was wrong");
    }

    pub(super) fn server_goes(&self) {
        self.told().outages.push((Instant::now(), None));
    }

    pub(super) fn server_is_back(&self) {
        if let Some((_, until)) = self.told().outages.last_mut() {
            *until = Some(Instant::now());
        }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.told().acknowledged.values().map(BTreeMap::len).sum()
    }

    /// Kills all and gives what they told.
    pub(super) fn end(mut self) -> Told {
        while !self.processes.is_empty() {
            self.kill(0);
        }
        std::mem::take(&mut *self.told())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("what a writer told was wrong")
    }
}
