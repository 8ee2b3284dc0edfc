//! (layer in construction)
