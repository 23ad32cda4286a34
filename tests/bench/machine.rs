//! What the machine can do and what a process uses of it: the server's core, `openssl speed`, `/proc`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fault::{Fault, Result};

/// Where servers run; anywhere when the machine has but one core to give.
#[derive(Clone, Copy)]
pub struct Core(Option<usize>);

impl Core {
    pub fn new(number: Option<usize>) -> Self {
        Self(number)
    }

    /// A command that runs there. It keeps the process id that it is spawned with.
    pub fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        match self.0 {
            None => Command::new(program),
            Some(number) => {
                let mut command = Command::new("taskset");
                command.arg("--cpu-list").arg(number.to_string()).arg(program);
                command
            }
        }
    }

    /// RSA-2048 signatures per second, by OpenSSL's own measure.
    pub fn signatures_per_second(self, seconds: u32) -> Result<f64> {
        let output = self
            .command("openssl")
            .args(["speed", "-mr", "-seconds", &seconds.to_string(), "rsa2048"])
            .stderr(Stdio::null())
            .output()
            .map_err(|error| Fault::Unable(format!("openssl: {error}")))?;
        // `+F2:<index>:<bits>:<signatures per second>:<verifications per second>`
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .find_map(|line| line.strip_prefix("+F2:")?.split(':').nth(2)?.parse().ok())
            .ok_or_else(|| Fault::Unable("openssl speed prints no figure for rsa2048".into()))
    }

    /// Passwords per second that this core hashes when it does nothing else.
    pub fn hashes_per_second(self, seconds: u32) -> Result<f64> {
        let output = self
            .command(std::env::current_exe()?)
            .args(["hash", &seconds.to_string()])
            .stderr(Stdio::null())
            .output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        printed.trim().parse().map_err(|_| Fault::Unable(format!("the bare hashing prints no figure: {printed}")))
    }
}

/// A child process, ended when it is dropped.
pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_owned();
        let spawned = command.stdin(Stdio::null()).spawn();
        spawned.map(Self).map_err(|error| Fault::Unable(format!("{}: {error}", program.display())))
    }

    /// Processor time used so far.
    pub fn busy(&self) -> Result<Duration> {
        // proc_pid_stat(5): after the name in parentheses, utime and stime are the 12th and 13th field, in 1/100 s.
        let stat = self.read("stat")?;
        let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
        match (ticks(11), ticks(12)) {
            (Some(user), Some(system)) => Ok(Duration::from_millis((user + system) * 10)),
            _ => Err(Fault::Unable(format!("/proc gives no times: {stat}"))),
        }
    }

    /// Resident memory that belongs to no file, in MiB.
    pub fn anonymous_mebibytes(&self) -> Result<f64> {
        let rollup = self.read("smaps_rollup")?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
        line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<f64>().ok())
            .map(|kibibytes| kibibytes / 1024.0)
            .ok_or_else(|| Fault::Unable("/proc gives no anonymous memory".into()))
    }

    /// As a power cut would.
    pub fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub fn stop(mut self, patience: Duration) -> Result<()> {
        Command::new("sh").args(["-c", "kill \"$0\"", &self.0.id().to_string()]).status()?;
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err(Fault::WrongAnswer(format!("SIGTERM does not end it within {} s", patience.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id()))?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only for a process that has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How much was read from all disks since the machine started, in MiB.
pub fn read_from_disks() -> Result<f64> {
    let counters = std::fs::read_to_string("/proc/vmstat")?;
    let line = counters.lines().find_map(|line| line.strip_prefix("pgpgin "));
    line.and_then(|kibibytes| kibibytes.trim().parse::<f64>().ok())
        .map(|kibibytes| kibibytes / 1024.0)
        .ok_or_else(|| Fault::Unable("/proc does not say what was read".into()))
}

/// A port of 127.0.0.1 that nobody listens on now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
