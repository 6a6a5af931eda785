//! Products of parts of matrices, added to a matrix.

use gemm::Parallelism;

/// A matrix whose rows may lie apart.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    /// Rows and columns.
    shape: [usize; 2],
    /// Distances from row to row and from column to column.
    steps: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// `shape` rows and columns; each row begins `step` values after the one before.
    ///
    /// # Panics
    /// If there are fewer values, or rows overlap.
    pub(crate) fn new(values: &'a [f32], shape: [usize; 2], step: usize) -> Self {
        assert!(fit(values, shape, step), "{shape:?}, {step} apart, in {} values", values.len());
        Self { values, shape, steps: [step, 1] }
    }

    pub(crate) fn transposed(self) -> Self {
        let [rows, columns] = self.shape;
        let [down, across] = self.steps;
        Self { shape: [columns, rows], steps: [across, down], ..self }
    }
}

/// Whether this many rows and columns lie inside `values` without overlap.
fn fit(values: &[f32], [rows, columns]: [usize; 2], step: usize) -> bool {
    columns <= step && (rows == 0 || (rows - 1) * step + columns <= values.len())
}

/// Adds the product of `a` and `b` to a matrix in `out`, whose rows begin `step` values apart.
///
/// # Panics
/// If the shapes do not fit.
pub(crate) fn add_product(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], step: usize) {
    // If other work waits for a thread, none is idle, and a product of one thread is 2 to 3 % faster.
    // It has the same bits.
    let work_waits = rayon_core::current_thread_has_pending_tasks() == Some(true);
    let parallelism = if work_waits { Parallelism::None } else { Parallelism::Rayon(0) };
    add_product_by(parallelism, a, b, out, step);
}

#[expect(unsafe_code, reason = "Burn's own products take no buffer to add to; `gemm` is unsafe")]
fn add_product_by(
    parallelism: Parallelism,
    a: Matrix<'_>,
    b: Matrix<'_>,
    out: &mut [f32],
    step: usize,
) {
    let [rows, inner] = a.shape;
    let [b_rows, columns] = b.shape;
    assert_eq!(inner, b_rows, "the columns of one and the rows of the other");
    assert!(fit(out, [rows, columns], step), "a product in {} values", out.len());
    let [a_down, a_across] = a.steps.map(|step| step as isize);
    let [b_down, b_across] = b.steps.map(|step| step as isize);
    // SAFETY: With these shapes and steps `gemm` reads and writes inside the three slices, as is
    // asserted above and in `Matrix::new`. No two values of the result are in one place, as rows do
    // not overlap, and `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            step as isize,
            true,
            a.values.as_ptr(),
            a_across,
            a_down,
            b.values.as_ptr(),
            b_across,
            b_down,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_parts_is_added_to_a_part() {
        // The right two columns of three rows of four, and the left two.
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let right = Matrix::new(&values[2..], [3, 2], 4);
        let left = Matrix::new(&values, [3, 2], 4);
        let mut out = [1.0; 11];
        add_product(right, left.transposed(), &mut out, 4);
        for (place, found) in out.into_iter().enumerate() {
            let row = place / 4;
            let column = place % 4;
            let mut expected = 1.0;
            if column < 3 {
                expected += values[4 * row + 2] * values[4 * column];
                expected += values[4 * row + 3] * values[4 * column + 1];
            }
            assert!((found - expected).abs() < 1e-6, "{place}: {found}");
        }
    }

    #[test]
    fn a_product_has_the_same_bits_however_many_threads_share_it() {
        let values = |count: usize| -> Vec<f32> {
            (0..count).map(|i| (i % 1009) as f32 / 503.0 - 1.0 + (i % 17) as f32 / 1e4).collect()
        };
        for [rows, inner, columns] in
            [[1, 768, 3072], [14, 700, 768], [301, 1500, 200], [97, 48, 97]]
        {
            let a = values(rows * inner);
            let b = values(inner * columns);
            let product = |parallelism| {
                let a = Matrix::new(&a, [rows, inner], inner);
                let b = Matrix::new(&b, [inner, columns], columns);
                let mut out = values(rows * columns);
                add_product_by(parallelism, a, b, &mut out, columns);
                out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let alone = product(Parallelism::None);
            for threads in [2, 3, 7] {
                assert_eq!(product(Parallelism::Rayon(threads)), alone, "{rows} {inner} {columns}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "[3, 2], 4 apart, in 9 values")]
    fn a_matrix_beyond_its_values_panics() {
        Matrix::new(&[0.0; 9], [3, 2], 4);
    }

    #[test]
    #[should_panic(expected = "a product in 7 values")]
    fn a_product_beyond_its_values_panics() {
        let matrix = Matrix::new(&[0.0; 4], [2, 2], 2);
        add_product(matrix, matrix, &mut [0.0; 7], 6);
    }
}
