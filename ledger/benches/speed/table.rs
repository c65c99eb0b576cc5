//! The table that is printed.

/// Rows: what, the value behind it, the figure, the target, whether it is met.
#[derive(Default)]
pub struct Table(Vec<[String; 5]>);

impl Table {
    /// A ratio that must reach the target.
    pub fn at_least(&mut self, what: &str, value: String, ratio: f64, target: f64) {
        self.row(what, value, format!("{ratio:.2}"), format!("≥ {target}"), met(ratio >= target));
    }

    /// A figure that must not go beyond the target.
    pub fn at_most(&mut self, what: &str, value: String, figure: f64, target: f64, unit: &str) {
        let figure_and_unit = format!("{figure:.2} {unit}");
        self.row(what, value, figure_and_unit.trim().to_owned(), format!("≤ {target} {unit}"), met(figure <= target));
    }

    /// A ratio for comparison.
    pub fn beside(&mut self, what: &str, value: String, ratio: f64) {
        self.row(what, value, format!("{ratio:.2}"), "—".to_owned(), String::new());
    }

    fn row(&mut self, what: &str, value: String, figure: String, target: String, met: String) {
        self.0.push([what.to_owned(), value, figure, target.trim().to_owned(), met]);
    }

    pub fn print(&self) {
        let titles = ["what", "value", "figure", "target", "met"].map(str::to_owned);
        for [what, value, figure, target, met] in std::iter::once(&titles).chain(&self.0) {
            println!("{what:<46} {value:>18} {figure:>10}   {target:<9} {met}");
        }
    }
}

fn met(met: bool) -> String {
    if met { "yes" } else { "NO" }.to_owned()
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
