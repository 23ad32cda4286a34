//! The threads that compute passwords: as many as cores, at lower priority, behind a queue that has an end. They start when
//! they are needed, and end with their memory when they have not been for a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::PasswordsBusy;
use super::compute::{Memory, Recipe};
use crate::config;
use crate::secret::{Password, Plain};

/// How long a thread without work stays, with its memory.
const IDLE: Duration = Duration::from_secs(2);

/// Dropping it ends the threads. Nobody waits then: who waits, holds it.
pub struct Pool(Arc<Shared>);

struct Shared {
    limits: Limits,
    state: Mutex<State>,
    wake: Condvar,
}

struct Limits {
    threads: usize,
    queue: usize,
    kept_kib: u32,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    running: usize,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

struct Job {
    recipe: Recipe,
    password: Plain<Password>,
    answer: oneshot::Sender<Computed>,
}

/// What a computation gave, and how long it took.
pub struct Computed {
    pub hash: Option<Zeroizing<Vec<u8>>>,
    pub took: Duration,
}

impl Pool {
    pub fn open(settings: &config::Passwords) -> Self {
        let cores = || thread::available_parallelism().map_or(1, Into::into);
        let threads = settings.threads.unwrap_or_else(cores);
        let limits = Limits { threads, queue: settings.queue, kept_kib: settings.memory_kib };
        Self(Arc::new(Shared { limits, state: Mutex::default(), wake: Condvar::new() }))
    }

    /// Waits in line. A caller that stops waiting leaves the line.
    pub async fn compute(&self, recipe: Recipe, password: &Plain<Password>) -> Result<Computed, PasswordsBusy> {
        let (answer, answered) = oneshot::channel();
        self.0.enqueue(Job { recipe, password: password.clone(), answer })?;
        answered.await.map_err(|_| PasswordsBusy)
    }

    /// How many threads there are now.
    pub fn threads(&self) -> usize {
        self.0.state().threads
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.wake.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(self: &Arc<Self>, job: Job) -> Result<(), PasswordsBusy> {
        let mut state = self.state();
        let places = self.limits.threads.saturating_add(self.limits.queue);
        if state.running + state.waiting.len() >= places {
            state.waiting.retain(Job::is_awaited);
            if state.running + state.waiting.len() >= places {
                return Err(PasswordsBusy);
            }
        }
        state.waiting.push_back(job);
        if state.idle >= state.waiting.len() || state.threads >= self.limits.threads {
            self.wake.notify_one();
        } else if let Err(error) = self.start_thread() {
            tracing::error!(%error, threads = state.threads, "no thread could be started for passwords");
            if state.threads == 0 {
                state.waiting.clear();
                return Err(PasswordsBusy);
            }
        } else {
            state.threads += 1;
        }
        Ok(())
    }

    fn start_thread(self: &Arc<Self>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new().name("passwords".to_owned()).spawn(move || shared.work()).map(drop)
    }

    fn work(&self) {
        if !give_way() {
            tracing::warn!("passwords are computed at the priority of everything else");
        }
        let mut memory = Memory::keeping(self.limits.kept_kib);
        while let Some(job) = self.next() {
            let computed = catch_unwind(AssertUnwindSafe(|| job.compute(&mut memory)));
            self.state().running -= 1;
            // Whoever asked may have gone. A panic was reported already, and closes the channel unanswered.
            let _ = computed.map(|computed| job.answer.send(computed));
        }
    }

    /// The next job that somebody waits for, or nothing when the thread has to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            while let Some(job) = state.waiting.pop_front() {
                if job.is_awaited() {
                    state.running += 1;
                    return Some(job);
                }
            }
            if state.is_closed {
                break;
            }
            state.idle += 1;
            let (guard, waited) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = guard;
            state.idle -= 1;
            if waited.timed_out() && state.waiting.is_empty() {
                break;
            }
        }
        // Under the same lock, so that nobody counts on this thread any more.
        state.threads -= 1;
        None
    }
}

/// Lets every thread that answers requests go before this one. Mere niceness would not: a nice thread gives up its slice
/// no sooner, and requests would wait for the end of it.
#[cfg(target_os = "linux")]
fn give_way() -> bool {
    use thread_priority::unix::{
        NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        thread_schedule_policy,
    };
    let idle = ThreadSchedulePolicy::Normal(Idle);
    // In a process that is nice itself its second half fails, which does not matter: idle threads have no niceness.
    let _ = set_thread_priority_and_policy(thread_native_id(), thread_priority::ThreadPriority::Min, idle);
    thread_schedule_policy() == Ok(idle)
}

#[cfg(not(target_os = "linux"))]
fn give_way() -> bool {
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min).is_ok()
}

impl Job {
    fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }

    fn compute(&self, memory: &mut Memory) -> Computed {
        let started = Instant::now();
        let hash = self.recipe.compute(self.password.reveal(), memory);
        Computed { hash, took: started.elapsed() }
    }
}
