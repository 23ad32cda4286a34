//! The table that the bench prints, and the same as JSON.

use std::fmt;

use serde_json::{Value, json};

#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn is_met_by(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(limit) => figure >= limit,
            Self::AtMost(limit) => figure <= limit,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(limit) => write!(f, "≥ {limit}"),
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
        }
    }
}

/// One figure. With a reference the ratio of the two is judged, otherwise the figure itself.
pub struct Row {
    pub measure: &'static str,
    pub storage: &'static str,
    pub connections: Option<usize>,
    pub ours: f64,
    pub unit: &'static str,
    pub reference: Option<(&'static str, f64)>,
    /// How much of one core the server used meanwhile, and the reference: far below 1, something else was the limit.
    pub busy: Option<(f64, Option<f64>)>,
    pub target: Target,
}

impl Row {
    fn judged(&self) -> f64 {
        self.reference.map_or(self.ours, |(_, reference)| self.ours / reference)
    }

    /// Whether the reference server, which waits for nothing, was kept from using its whole core.
    fn was_disturbed(&self) -> bool {
        matches!(self.busy, Some((_, Some(reference))) if reference < 0.85)
    }

    fn cells(&self, judge: bool) -> [String; 9] {
        let met = if self.target.is_met_by(self.judged()) { "yes" } else { "no" };
        [
            self.measure.to_owned(),
            self.storage.to_owned(),
            self.connections.map_or_else(String::new, |number| number.to_string()),
            format!("{} {}", figure(self.ours), self.unit),
            self.reference.map_or_else(String::new, |(name, reference)| format!("{} {name}", figure(reference))),
            self.reference.map_or_else(String::new, |_| format!("{:.2}", self.judged())),
            self.target.to_string(),
            if judge { met } else { "not judged" }.to_owned(),
            self.busy.map_or_else(String::new, |(ours, reference)| {
                reference.map_or_else(|| format!("{ours:.2}"), |reference| format!("{ours:.2} / {reference:.2}"))
            }),
        ]
    }

    fn to_json(&self, judge: bool) -> Value {
        json!({
            "measure": self.measure,
            "storage": self.storage,
            "connections": self.connections,
            "ours": self.ours,
            "unit": self.unit,
            "reference": self.reference.map(|(name, figure)| json!({ "name": name, "figure": figure })),
            "ratio": self.reference.map(|_| self.judged()),
            "target": self.target.to_string(),
            "met": judge.then(|| self.target.is_met_by(self.judged())),
            "busy": self.busy.map(|(ours, reference)| json!({ "ours": ours, "reference": reference })),
        })
    }
}

fn figure(number: f64) -> String {
    if number < 1000.0 { format!("{number:.1}") } else { format!("{number:.0}") }
}

pub struct Report {
    rows: Vec<Row>,
    judge: bool,
}

impl Report {
    /// Without `judge` the figures are printed, but none is held against its target.
    pub fn new(judge: bool) -> Self {
        Self { rows: Vec::new(), judge }
    }

    pub fn add(&mut self, row: Row) {
        eprintln!("  {}", row.cells(self.judge).join(" | "));
        self.rows.push(row);
    }

    pub fn to_json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(|row| row.to_json(self.judge)).collect();
        format!("{:#}\n", Value::Array(rows))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles =
            ["measure", "store", "connections", "ours", "reference", "ratio", "must reach", "met", "core busy"];
        let lines: Vec<[String; 9]> = std::iter::once(titles.map(str::to_owned))
            .chain(self.rows.iter().map(|row| row.cells(self.judge)))
            .collect();
        let widths: Vec<usize> = (0..titles.len())
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(f, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(f, "|")?;
            }
        }
        if self.judge && self.rows.iter().any(Row::was_disturbed) {
            writeln!(f, "\nThe reference could not use its whole core: something else was running. Measure again.")?;
        }
        Ok(())
    }
}
