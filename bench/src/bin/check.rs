//! What a check over HTTP costs: `_getUser` on live sessions, against the same server's empty handler and
//! against Redis GET, in turn in the same run, with the CPU time that each server spent.
#![allow(clippy::print_stdout, reason = "a measurement prints its result")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Parser;
use sessioning_bench::{Result, median};
use sessioning_client::{Client, CreateSession};
use tokio::process::{Child, Command};

const SERVICE: &str = "127.0.0.1:7391";
const ADMIN: &str = "127.0.0.1:7392";
const REDIS_PORT: &str = "7393";
const CONNECTIONS: [usize; 2] = [16, 64];
const CREATORS: usize = 64;

/// `_getUser` over HTTP against the same server's empty handler and Redis GET. Needs wrk, redis-server and
/// redis-benchmark (Debian: wrk, redis-server, redis-tools) and target/release/sessioning.
#[derive(Parser)]
struct Arguments {
    /// How many sessions are live.
    #[arg(long, default_value_t = 100_000)]
    sessions: usize,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How often each is repeated; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Requests a second, and microseconds of the server's CPU for each.
type Run = (f64, f64);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir_in("target")?;
    let store = format!("embedded:{}", folder.path().join("data").display());
    let mut service = start(
        "target/release/sessioning",
        &["--listen", SERVICE, "--admin-listen", ADMIN, "--store", &store, "--set", "log.level=warn"],
    )?;
    let mut redis = start("redis-server", &["--port", REDIS_PORT, "--save", "", "--daemonize", "no"])?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let scripts = folder.path();
    let created = create_sessions(arguments.sessions).await?;
    write_scripts(scripts, &created)?;
    fill_redis(arguments.sessions).await?;

    println!(
        "{} live sessions; {} rounds of {} s each; medians",
        arguments.sessions, arguments.rounds, arguments.seconds
    );
    println!("connections  what            requests/s   CPU µs/request");
    for connections in CONNECTIONS {
        let mut runs: [Vec<Run>; 3] = Default::default();
        for _ in 0..arguments.rounds {
            let time = arguments.seconds;
            runs[0].push(wrk(&service, connections, time, &scripts.join("check.lua"), SERVICE).await?);
            runs[1].push(wrk(&service, connections, time, &scripts.join("empty.lua"), SERVICE).await?);
            runs[2].push(redis_get(&redis, connections, time, arguments.sessions).await?);
        }
        let names = ["_getUser", "empty handler", "Redis GET"];
        for (name, runs) in names.iter().zip(&runs) {
            let (rate, cpu) = (medians(runs, |run| run.0), medians(runs, |run| run.1));
            println!("{connections:>11}  {name:<14} {rate:>11.0} {cpu:>16.2}");
        }
        // Ratios of runs that stood beside each other, then their median: noise that lasts cancels out.
        let ratio = |other: usize, pick: fn(&Run) -> f64| {
            median(runs[0].iter().zip(&runs[other]).map(|(own, other)| pick(own) / pick(other)).collect())
        };
        println!(
            "             _getUser is {:.2} of the empty handler's rate (CPU {:.2}), {:.2} of Redis' (CPU {:.2})",
            ratio(1, |run| run.0),
            ratio(1, |run| run.1),
            ratio(2, |run| run.0),
            ratio(2, |run| run.1)
        );
    }
    service.kill().await?;
    redis.kill().await?;
    Ok(())
}

fn medians(runs: &[Run], pick: fn(&Run) -> f64) -> f64 {
    median(runs.iter().map(pick).collect())
}

fn start(program: &str, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().map_err(|error| format!("{program}: {error}; see --help for what this needs").into())
}

async fn create_sessions(number: usize) -> Result<Vec<String>> {
    let client = Client::new(&format!("http://{SERVICE}"))?;
    let creators: Vec<_> = (0..CREATORS)
        .map(|creator| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut tokens = Vec::new();
                for session in (creator..number).step_by(CREATORS) {
                    let new = CreateSession { user: format!("user {session}"), ..CreateSession::default() };
                    let token = client.create(&new).await?.token.expose().to_owned();
                    // Asked for once, as after every login: live sessions are those in use.
                    client.check(&token).await?.ok_or("a new session is not there")?;
                    tokens.push(token);
                }
                Result::Ok(tokens)
            })
        })
        .collect();
    let mut tokens = Vec::with_capacity(number);
    for creator in creators {
        tokens.extend(creator.await??);
    }
    Ok(tokens)
}

/// Both scripts do the same work in the client: they pick one of as many prepared requests.
fn write_scripts(folder: &Path, tokens: &[String]) -> Result<()> {
    let mut list = String::new();
    for token in tokens {
        writeln!(list, "{token}")?;
    }
    let tokens = folder.join("tokens");
    fs::write(&tokens, list)?;
    let script = |format: &str| {
        format!(
            "local requests = {{}}\nfunction init()\n  for token in io.lines({:?}) do\n    requests[#requests + 1] = {format}\n  end\nend\nfunction request()\n  return requests[math.random(#requests)]\nend\n",
            tokens.display().to_string()
        )
    };
    let check = r#"wrk.format("POST", "/api/Sessioning/_getUser", nil, '{"session":"' .. token .. '"}')"#;
    fs::write(folder.join("check.lua"), script(check))?;
    // The very same request to a path where the server's handler does nothing but answer 404.
    fs::write(folder.join("empty.lua"), script(&check.replace("_getUser", "_empty")))?;
    Ok(())
}

async fn fill_redis(number: usize) -> Result<()> {
    let number = number.to_string();
    // Each random key once or more: afterwards nearly every GET finds something, as every check does.
    let filled = Command::new("redis-benchmark")
        .args([
            "-p",
            REDIS_PORT,
            "-t",
            "set",
            "-n",
            &format!("{number}0"),
            "-r",
            &number,
            "-d",
            "64",
            "-P",
            "16",
            "-q",
        ])
        .stdout(Stdio::null())
        .status()
        .await?;
    if filled.success() { Ok(()) } else { Err("redis-benchmark could not fill Redis".into()) }
}

async fn wrk(server: &Child, connections: usize, seconds: u64, script: &Path, address: &str) -> Result<Run> {
    let before = cpu(server)?;
    let output = Command::new("wrk")
        .args(["-t", "1", "-c", &connections.to_string(), "-d", &format!("{seconds}s"), "-s"])
        .arg(script)
        .arg(format!("http://{address}"))
        .output()
        .await
        .map_err(|error| format!("wrk: {error}"))?;
    let spent = cpu(server)? - before;
    let text = String::from_utf8_lossy(&output.stdout);
    let field = |before: &str| {
        let line = text.lines().find(|line| line.contains(before))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    let refused = text.contains("Non-2xx") && !script.ends_with("empty.lua");
    if refused || text.contains("Socket errors") {
        return Err(format!("wrk met errors:\n{text}").into());
    }
    let rate = field("Requests/sec:").ok_or("wrk told no rate")?;
    let requests = field("requests in").ok_or("wrk told no count")?;
    Ok((rate, spent * 1e6 / requests))
}

async fn redis_get(server: &Child, connections: usize, seconds: u64, keys: usize) -> Result<Run> {
    // It takes a number, not a time: enough for about as long.
    let requests = seconds * 50_000;
    let (before, started) = (cpu(server)?, Instant::now());
    let done = Command::new("redis-benchmark")
        .args([
            "-p",
            REDIS_PORT,
            "-t",
            "get",
            "-c",
            &connections.to_string(),
            "-n",
            &requests.to_string(),
            "-r",
            &keys.to_string(),
            "-q",
        ])
        .stdout(Stdio::null())
        .status()
        .await?;
    if !done.success() {
        return Err("redis-benchmark failed".into());
    }
    let spent = cpu(server)? - before;
    Ok((requests as f64 / started.elapsed().as_secs_f64(), spent * 1e6 / requests as f64))
}

/// Seconds of CPU that a process has spent, its own and the system's for it.
fn cpu(process: &Child) -> Result<f64> {
    let id = process.id().ok_or("a server has ended")?;
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // Clock ticks are hundredths of a second on Linux.
    Ok((ticks(11) + ticks(12)) / 100.0)
}
