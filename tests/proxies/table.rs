//! The matrix: what each proxy did in each case.

use std::sync::Mutex;

/// The rows so far.
static ROWS: Mutex<Vec<Row>> = Mutex::new(Vec::new());

/// What one proxy did.
#[derive(Clone)]
pub struct Row {
    proxy: &'static str,
    cells: Vec<(&'static str, bool)>,
}

impl Row {
    pub fn new(proxy: &'static str) -> Self {
        Self { proxy, cells: Vec::new() }
    }

    pub fn add(&mut self, case: &'static str, holds: bool) {
        self.cells.push((case, holds));
    }

    /// The cases that did not hold.
    pub fn failed(&self) -> Vec<&'static str> {
        self.cells.iter().filter(|(_, holds)| !holds).map(|(case, _)| *case).collect()
    }

    /// Prints it, below those that are there already: the last one printed is the whole matrix.
    #[expect(clippy::print_stdout, reason = "the matrix is for reading")]
    pub fn print(&self) {
        let mut rows = ROWS.lock().unwrap();
        rows.push(self.clone());
        let head = self.cells.iter().map(|(case, _)| format!("{case:>10}")).collect::<String>();
        let mut text = format!("{:<8}{head}\n", "");
        for row in rows.iter() {
            text += &format!("{:<8}", row.proxy);
            for (_, holds) in &row.cells {
                text += &format!("{:>10}", if *holds { "ok" } else { "FAILS" });
            }
            text.push('\n');
        }
        println!("\n{text}");
    }
}
