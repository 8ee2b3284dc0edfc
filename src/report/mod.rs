//! Reports: scores, CSV and JSON files, tables.

mod drawing;
mod floorplan;
mod folder;
mod folds;
pub mod plot;
mod replay;
mod rows;
mod score;
mod table;
mod trace;

pub use drawing::{draw, floorplan_svg};
pub use floorplan::floorplan_text;
pub use folder::{RunReport, check_folder, check_place, complete, files, read, to_csv, write, write_files};
pub use folds::FoldFolder;
pub use replay::{ReplayOptions, ReplayRow, replay, replay_table};
pub use rows::{CompareRow, ComponentRow, ConfusionRow, LayerRow, LinkRow, PredictionRow, SummaryRow};
pub use score::{ClassScore, MACRO_LEAST, Score, argmax, paired_difference, score, wilson};
pub use table::{compare_table, run_tables};
pub use trace::{TRACE_FILES, Traced};
