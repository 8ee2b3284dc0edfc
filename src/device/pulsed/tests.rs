//! Against numbers of aihwkit 1.1.0 (`ARCHSIM_REFERENCE`).
