//! `cargo xtask bench http`: a charge over TLS on this machine, kept alive: with the gateway's crate against reqwest and
//! serde by hand, and through the facade against the crate.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::measure::{Bound, build, can_count, cost, head, median, numbers, program, row};
use crate::workspace::output;

/// How often what needs a clock is measured, and how many charges each time.
struct Effort {
    rounds: usize,
    charges: usize,
    at_once: usize,
    in_a_row: usize,
}

const WHOLE: Effort = Effort { rounds: 9, charges: 2_000, at_once: 20_000, in_a_row: 100_000 };
/// As many at once: of fewer, the 64 connections of the beginning are more than one in a hundred.
const QUICK: Effort = Effort { rounds: 3, charges: 1_000, at_once: 20_000, in_a_row: 10_000 };

pub(crate) fn run(quick: bool, ci: bool) -> Result<Vec<String>, String> {
    build()?;
    let server = Server::start()?;
    let mut problems = Vec::new();
    if can_count(ci)? {
        problems.extend(instructions(&server)?);
    }
    let effort = if quick { QUICK } else { WHOLE };
    problems.extend(one_by_one(&server, &effort)?);
    problems.extend(at_once(&server, &effort)?);
    problems.extend(in_a_row(&server, &effort)?);
    Ok(problems)
}

fn instructions(server: &Server) -> Result<Vec<String>, String> {
    let charge = |way, only| cost(&["calls", way, &server.port, &server.root()], only);
    let counted = |way| charge(way, Some("repeat::measured")).map(|cost| cost.instructions);
    let (hand, ours, facade) = (counted("hand")?, counted("ours")?, counted("facade")?);
    head("one charge over TLS, kept alive: counts", "measured", "against");
    let instructions = [
        ("instructions: the crate, by hand", ours, hand, Bound::AtMost(108)),
        ("instructions: the facade, the crate", facade, ours, Bound::AtMost(105)),
    ];
    // Of the whole program, as for the calls without a network.
    let allocated = |way| charge(way, None).map(|cost| cost.allocations);
    let (hand, ours, facade) = (allocated("hand")?, allocated("ours")?, allocated("facade")?);
    let allocations = [
        ("allocations: the crate, by hand", ours, hand, Bound::None),
        ("allocations: the facade, the crate", facade, ours, Bound::None),
    ];
    let rows = instructions.into_iter().chain(allocations);
    Ok(rows.filter_map(|(what, one, other, bound)| row(what, one, other, bound)).collect())
}

/// What is measured beside each other; by hand a second time, so that what two runs of the same differ by is seen.
const WAYS: [&str; 4] = ["hand", "hand", "ours", "facade"];

/// Measures each way in every round; what a busy machine does to one round, a median leaves out.
fn in_turns<T>(
    rounds: usize,
    measure: impl Fn(&str) -> Result<T, String>,
) -> Result<[Vec<T>; WAYS.len()], String> {
    let mut measured = [const { Vec::new() }; WAYS.len()];
    for round in 0..rounds {
        for place in 0..WAYS.len() {
            // Not always the same one first.
            let place = (place + round) % WAYS.len();
            if let (Some(way), Some(measured)) = (WAYS.get(place), measured.get_mut(place)) {
                measured.push(measure(way)?);
            }
        }
    }
    Ok(measured)
}

fn one_by_one(server: &Server, effort: &Effort) -> Result<Vec<String>, String> {
    let measured = in_turns(effort.rounds, |way| server.numbers::<5>("calls", way, effort.charges))?;
    let [hand, again, ours, facade] = measured.map(|rounds| {
        let (times, cpus) = rounds.into_iter().map(|[time, cpu, ..]| (time, cpu)).unzip();
        (median(times), median(cpus))
    });
    head("one charge over TLS, kept alive: nanoseconds", "measured", "against");
    let rows = [
        ("p50: by hand, the same again", again.0, hand.0, Bound::None),
        ("p50: the crate, by hand", ours.0, hand.0, Bound::AtMost(103)),
        ("p50: the facade, the crate", facade.0, ours.0, Bound::AtMost(105)),
        ("processor time: by hand, the same again", again.1, hand.1, Bound::None),
        ("processor time: the crate, by hand", ours.1, hand.1, Bound::AtMost(105)),
        ("processor time: the facade, the crate", facade.1, ours.1, Bound::AtMost(105)),
    ];
    Ok(rows.into_iter().filter_map(|(what, one, other, bound)| row(what, one, other, bound)).collect())
}

fn at_once(server: &Server, effort: &Effort) -> Result<Vec<String>, String> {
    let charges = u64::try_from(effort.at_once).unwrap_or(u64::MAX);
    let measured = in_turns(effort.rounds, |way| server.numbers::<2>("many", way, effort.at_once))?;
    let [hand, again, ours, facade] = measured.map(|rounds| {
        let rate = |[nanos, _]: &[u64; 2]| charges.saturating_mul(1_000_000_000) / (*nanos).max(1);
        let most_made = rounds.iter().map(|[_, made]| *made).max().unwrap_or_default();
        (median(rounds.iter().map(rate).collect()), most_made)
    });
    head("64 at a time: charges a second", "measured", "against");
    let mut problems = Vec::new();
    problems.extend(row("by hand, the same again", again.0, hand.0, Bound::None));
    problems.extend(row("the crate, by hand", ours.0, hand.0, Bound::AtLeast(97)));
    problems.extend(row("the facade, by hand", facade.0, hand.0, Bound::AtLeast(97)));
    head("64 at a time: charges on a connection that was there", "reused", "charges");
    let rows = [
        ("by hand", hand.1, Bound::None),
        ("the crate", ours.1, Bound::AtLeast(99)),
        ("the facade", facade.1, Bound::AtLeast(99)),
    ];
    for (way, made, bound) in rows {
        problems.extend(row(way, charges.saturating_sub(made), charges, bound));
    }
    Ok(problems)
}

fn in_a_row(server: &Server, effort: &Effort) -> Result<Vec<String>, String> {
    head("memory in KiB, after all and after 1,000 charges", "after all", "after 1,000");
    let mut problems = Vec::new();
    for way in ["ours", "facade"] {
        let [_, _, before, after, connections] = server.numbers("calls", way, effort.in_a_row)?;
        problems.extend((connections != 1).then(|| {
            format!("{way}: {connections} connections for charges one after another, and one is enough")
        }));
        problems.extend(row(
            &format!("{way}: {} charges in a row", effort.in_a_row),
            after,
            before,
            Bound::AtMost(105),
        ));
    }
    Ok(problems)
}

/// The other side, as a process of its own.
struct Server {
    child: Child,
    port: String,
    folder: PathBuf,
}

impl Server {
    fn start() -> Result<Self, String> {
        let folder = program().with_extension("certificates");
        make_certificates(&folder)?;
        let mut child = Command::new(program())
            .arg("serve")
            .args([folder.join("server.pem"), folder.join("server.key")])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program().display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| error.to_string())?;
        }
        Ok(Self { child, port: line.trim().to_owned(), folder })
    }

    fn root(&self) -> String {
        self.folder.join("root.pem").display().to_string()
    }

    fn numbers<const N: usize>(&self, what: &str, way: &str, times: usize) -> Result<[u64; N], String> {
        numbers(&[what, way, &self.port, &self.root(), &times.to_string()])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have gone already; there is nothing more to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A root, and a certificate of it for `localhost`.
fn make_certificates(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let names = folder.join("names");
    std::fs::write(&names, "subjectAltName=DNS:localhost").map_err(|error| error.to_string())?;
    for arguments in [
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 2 -subj /CN=A-root-of-a-benchmark",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out server.pem",
    ] {
        output(Command::new("openssl").current_dir(folder).args(arguments.split(' ')))?;
    }
    Ok(())
}
