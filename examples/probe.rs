fn main() {
    let args: Vec<String> = std::env::args().collect();
    let scanner = unleak::scan::Scanner::new(unleak::patterns::Catalogue::builtin(), unleak::settings::Settings::default());
    scanner.history_probe(std::path::Path::new(&args[1]), args.len() < 3).unwrap();
}
