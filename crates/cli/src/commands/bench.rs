//! `bench`: how fast this command is at a place, beside the library that it calls.

mod chart;
mod library;
mod work;

use std::{fmt, fs, path::PathBuf};

use serde::Serialize;

use self::{library::Task, work::Work};
use super::init::Shape;
use crate::{
    directory_copy::expect_vacant,
    failure::Failure,
    interrupt::Interrupt,
    output::Output,
    place::Place,
    progress::{Progress, Unit},
};

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A directory that is missing or empty, on the disk that is to be measured; removed at the end
    place: PathBuf,
    /// Leaves of each append
    #[arg(long, default_value_t = 4_000_000,
        value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    leaves: u32,
    /// Repetitions; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    #[command(flatten)]
    shape: Shape,
    /// Draws the rates to a file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Does a task of the library at PLACE and prints its nanoseconds: a process of the measurement
    #[arg(long, value_enum, hide = true)]
    library: Option<Task>,
    /// The file of records that such a task reads its leaves from
    #[arg(long, hide = true)]
    fed: Option<PathBuf>,
}

/// What was measured.
#[derive(Serialize)]
struct Report {
    leaves: u32,
    rounds: u32,
    rows: Vec<Row>,
}

/// One measurement.
#[derive(Serialize)]
struct Row {
    what: &'static str,
    /// The median, and the least and the most of the rounds.
    median: f64,
    least: f64,
    most: f64,
    unit: &'static str,
    /// The share of the library's rate in the same round, its median.
    of_library: Option<f64>,
    /// The same, of the library that reads its leaves from a file as the command does.
    of_library_fed: Option<f64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} leaves, {} rounds: median (least .. most)",
            self.leaves, self.rounds
        )?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            median,
            least,
            most,
            unit,
            of_library,
            of_library_fed,
        } = self;
        write!(
            f,
            "{what:<34} {median:>8.2} {unit} ({least:.2} .. {most:.2})"
        )?;
        if let Some(share) = of_library {
            write!(f, ", {share:.2} of the library's")?;
        }
        match of_library_fed {
            Some(share) => write!(f, ", {share:.2} of that of the file"),
            None => Ok(()),
        }
    }
}

impl Args {
    pub(crate) fn run(self, output: &mut Output) -> Result<(), Failure> {
        if let Some(task) = self.library {
            let place = Place::Directory(self.place);
            let took = task.run(&place, self.leaves, self.fed.as_deref(), self.shape)?;
            return output.line(took.as_nanos());
        }
        Interrupt::install()?;
        expect_vacant(&self.place)?;
        fs::create_dir_all(&self.place).map_err(|error| Failure::file(&self.place, &error))?;
        let measured = self.measure();
        // Whatever happened, the files of the measurement go.
        let removed = fs::remove_dir_all(&self.place);
        let report = measured?;
        removed.map_err(|error| Failure::file(&self.place, &error))?;
        if let Some(path) = &self.svg {
            let bars: Vec<(&str, f64)> = report
                .rows
                .iter()
                .filter(|row| row.unit == work::MILLIONS)
                .map(|row| (row.what, row.median))
                .collect();
            fs::write(path, chart::svg(&bars)).map_err(|error| Failure::file(path, &error))?;
        }
        output.document(&report)
    }

    fn measure(&self) -> Result<Report, Failure> {
        let work = Work::new(&self.place, self.leaves, self.shape)?;
        let mut bar = Progress::new("measuring", Unit::Leaves, Some(u64::from(self.rounds)));
        let mut rounds = Vec::new();
        for round in 0..self.rounds {
            Interrupt::check(|| "the measurement is not whole".to_owned())?;
            bar.set(u64::from(round));
            rounds.push(work.round()?);
        }
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            (values[values.len() / 2], values)
        };
        let rows = work::ROWS.iter().enumerate().map(|(at, row)| {
            let share = |library: usize| {
                let shares = rounds.iter().map(|round| round[at] / round[library]);
                median(shares.collect()).0
            };
            let (middle, values) = median(rounds.iter().map(|round| round[at]).collect());
            Row {
                what: row.what,
                median: middle,
                least: values[0],
                most: values[values.len() - 1],
                unit: row.unit,
                of_library: row.of_library.map(share),
                of_library_fed: row.of_library_fed.map(share),
            }
        });
        Ok(Report {
            leaves: self.leaves,
            rounds: self.rounds,
            rows: rows.collect(),
        })
    }
}
