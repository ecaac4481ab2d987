//! The memory and the descriptors of a server, from `/proc`.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::str::FromStr;

/// The resources of a process and all its descendants at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of processes.
    pub processes: usize,
    /// The number of open file descriptors. `None` if we may not see those of one of the processes.
    pub descriptors: Option<usize>,
    /// Anonymous resident memory (`RssAnon`) in bytes: heap and stacks. The whole resident memory also counts the pages of
    /// files, such as the program itself. They do not grow with the sessions, and each process of a tree counts them again.
    pub memory: usize,
}

impl Usage {
    /// Returns the resources of this process and all its descendants. `None` if there is no such process, or no `/proc`.
    pub fn of_tree(process: u32) -> Option<Self> {
        let mut sum = Self { processes: 0, descriptors: Some(0), memory: 0 };
        for process in tree(process, &parents()) {
            // A descendant may have ended meanwhile. A zombie has no memory.
            let Some(memory) = memory(process, "RssAnon:") else { continue };
            sum.processes += 1;
            sum.memory += memory;
            sum.descriptors = sum.descriptors.zip(descriptors(process)).map(|(sum, more)| sum + more);
        }
        (sum.processes > 0).then_some(sum)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of memory", Megabytes(self.memory))?;
        match self.descriptors {
            Some(count) => write!(f, ", {count} descriptors"),
            None => Ok(()),
        }
    }
}

/// Prints a number of bytes in megabytes (10^6 bytes).
#[derive(Clone, Copy, Debug)]
pub struct Megabytes(pub usize);

impl fmt::Display for Megabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MB", self.0 as f64 / 1e6)
    }
}

/// The parent of each process.
fn parents() -> HashMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries.flatten().filter_map(number).filter_map(|process| Some((process, parent(process)?))).collect()
}

/// The process and its descendants at this moment. Without `/proc`, the process alone.
pub(crate) fn processes_of_tree(process: u32) -> Vec<u32> {
    tree(process, &parents())
}

/// When a process has started, in ticks since the system has started. With the number it names the process.
pub(crate) fn started(process: u32) -> Option<u64> {
    stat(process, 19)
}

fn parent(process: u32) -> Option<u32> {
    stat(process, 1)
}

/// The field of `/proc/PID/stat` with this index behind the name.
fn stat<T: FromStr>(process: u32, index: usize) -> Option<T> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // "12 (name) S 1 …". The name may contain spaces and parentheses.
    let (_, after_the_name) = stat.rsplit_once(')')?;
    after_the_name.split_whitespace().nth(index)?.parse().ok()
}

/// The process and its descendants. Each process has one parent, so none is found twice.
fn tree(root: u32, parents: &HashMap<u32, u32>) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        found.extend(
            parents
                .iter()
                .filter(|(child, parent)| **parent == process && **child != root)
                .map(|(child, _)| child),
        );
        next += 1;
    }
    found
}

/// Returns the memory of this kind in bytes, as `/proc/PID/status` names it: `RssAnon:`.
pub fn memory(process: u32, kind: &str) -> Option<usize> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind))?;
    let kilobytes: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// `None` if we may not see them. A process that has ended has none.
fn descriptors(process: u32) -> Option<usize> {
    match fs::read_dir(format!("/proc/{process}/fd")) {
        Ok(entries) => Some(entries.count()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(0),
        Err(_) => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_tree_has_its_root_and_all_descendants() {
        let parents = HashMap::from([(2, 1), (3, 2), (4, 3), (5, 1)]);
        let mut found = tree(2, &parents);
        found.sort_unstable();
        assert_eq!(found, [2, 3, 4]);
    }

    #[test]
    fn the_usage_of_children_counts() {
        // The shell prints its line when its child runs. Both end when their stdin is closed.
        let script = "exec 3<&0; cat <&3 >/dev/null & echo; wait";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let usage = Usage::of_tree(shell.id()).unwrap();
        assert_eq!(usage.processes, 2);
        assert!(usage.descriptors.unwrap() >= 6 && usage.memory > 0, "{usage:?}");
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert_eq!(Usage::of_tree(shell.id()), None);
    }

    #[test]
    fn memory_in_use_is_counted() {
        let before = Usage::of_tree(std::process::id()).unwrap();
        let block = vec![1_u8; 64 << 20];
        let after = Usage::of_tree(std::process::id()).unwrap();
        assert!(after.memory > before.memory + (32 << 20), "{before} {after} {}", block.len());
    }
}
