//! tmp
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let s = unleak::scan::Scanner::new(unleak::patterns::Catalogue::builtin(), unleak::settings::Settings::default());
    let r = s
        .tree(&unleak::settings::TreeSettings { roots: vec![args[1].clone().into()], ..Default::default() }, &unleak::scan::Silent)
        .unwrap();
    println!(
        "{} findings, {} below, {} files {} bytes {} binary",
        r.findings.len(),
        r.below_threshold,
        r.coverage.scanned,
        r.coverage.bytes,
        r.coverage.binary
    );
    let mut c = std::collections::BTreeMap::new();
    for f in &r.findings {
        *c.entry(f.pattern.def.id.clone()).or_insert(0) += f.places.len();
    }
    let mut v: Vec<_> = c.into_iter().collect();
    v.sort_by_key(|x| std::cmp::Reverse(x.1));
    for (k, n) in v.iter().take(40) {
        println!("{n:6} {k}");
    }
}
