//! Tests of the whole network.

mod booksim;
