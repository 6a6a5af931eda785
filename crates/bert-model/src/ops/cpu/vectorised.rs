//! Work with the widest vectors of the processor.
#![expect(clippy::inline_always, reason = "vectorised only inside the function that dispatches")]

use pulp::{Arch, Simd, WithSimd};

/// Values that one task takes: enough to be worth a task, few enough for a second-level cache.
pub(crate) const CHUNK: usize = 1 << 14;

/// Runs `work` with the widest vectors that the processor has. `work` and everything that it calls
/// must be `inline(always)`.
pub(crate) fn vectorised(work: impl FnMut()) {
    struct Work<F>(F);

    // A closure by itself may be called through a function of its own, which is not inlined.
    impl<F: FnMut()> WithSimd for Work<F> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) {
            (self.0)();
        }
    }

    Arch::new().dispatch(Work(work));
}
