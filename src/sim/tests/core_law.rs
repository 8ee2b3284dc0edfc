//! core_law
