//! Builds anew when the dashboard was built anew: it is embedded in the program.

fn main() {
    println!("cargo:rerun-if-changed=../frontend/dist");
}
