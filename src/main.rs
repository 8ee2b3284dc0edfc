//! The `archsim` command. Everything it does is in the library; see [`archsim::cli`].

fn main() -> std::process::ExitCode {
    archsim::cli::main()
}
