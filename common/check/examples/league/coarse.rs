//! Noted values without what differs from run to run.

/// Returns a noted value with its numbers rounded, so that two runs say the same: "300 of 1048576 bytes" becomes "some of
/// 1048576 bytes", sizes and milliseconds become 1, 2 or 5 times a power of ten, and seconds lose their fraction.
pub fn coarse(text: &str) -> String {
    if let Some(value) = neighbours(text) {
        return value;
    }
    let words: Vec<&str> = text.split(' ').collect();
    let mut rounded: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| words.get(index)).copied().unwrap_or_default();
        let next = |distance: usize| words.get(index + distance).copied().unwrap_or_default();
        rounded.push(match number(word) {
            Some(value) if next(1) == "of" && number(next(2)).is_some() => part(value, number(next(2))),
            Some(value) if before == "than" && value < 1.0 => "1".to_owned(),
            Some(_) if ["of", "about", "than"].contains(&before) => (*word).to_owned(),
            Some(value) if letters(next(1)) == "runs" && value < RUNS => "some".to_owned(),
            Some(value) => with_unit(value, letters(next(1))).unwrap_or_else(|| (*word).to_owned()),
            None => (*word).to_owned(),
        });
    }
    rounded.join(" ")
}

/// How often a case repeats what may depend on chance.
const RUNS: f64 = 20.0;

/// How long others waited beside a hostile client depends on the machine. Only the order of magnitude is kept.
fn neighbours(text: &str) -> Option<String> {
    let (sessions, _) = text.split_once(" exchanges, ")?;
    let (_, rest) = sessions.split_once(" new sessions, ")?;
    let (_, longest) = rest.split_once("longest ").or_else(|| rest.split_once("p99 "))?;
    let mut words = longest.trim_start_matches("about ").split(' ');
    let value = number(words.next()?)?;
    let seconds = if letters(words.next()?) == "ms" { value / 1000.0 } else { value };
    let limit = [1.0, 5.0, 20.0].into_iter().find(|limit| seconds < *limit);
    Some(match limit {
        Some(limit) => format!("others were served, new clients within {limit} s"),
        None => "others were served after more than 20 s".to_owned(),
    })
}

/// The number of a word: "65,536", "0.2", "300;".
fn number(word: &str) -> Option<f64> {
    let word = word.trim_end_matches([',', ';', ':', ')']).replace(',', "");
    word.starts_with(|first: char| first.is_ascii_digit()).then(|| word.parse().ok())?
}

/// The unit in a word: "bytes;".
fn letters(word: &str) -> &str {
    word.trim_end_matches(|last: char| !last.is_alphabetic())
}

fn part(value: f64, whole: Option<f64>) -> String {
    match whole {
        _ if value == 0.0 => "none".to_owned(),
        Some(whole) if value >= whole => "all".to_owned(),
        _ => "some".to_owned(),
    }
}

fn with_unit(value: f64, unit: &str) -> Option<String> {
    match unit {
        "MB" | "GB" if value < 1.0 => Some("less than 1".to_owned()),
        "bytes" if value < 1000.0 => None,
        "bytes" | "KB" | "kB" | "MB" | "GB" | "µs" | "ms" => Some(format!("about {}", one_two_five(value))),
        "s" if value < 1.0 => Some("less than 1".to_owned()),
        "s" => Some(format!("{value:.0}")),
        _ => None,
    }
}

/// The nearest of 1, 2, 5, 10, 20, 50, …, by ratio.
fn one_two_five(value: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for (factor, next) in [(1.0, 2.0_f64), (2.0, 5.0), (5.0, 10.0)] {
            if value < step * f64::sqrt(factor * next) {
                return step * factor;
            }
        }
        step *= 10.0;
    }
}
