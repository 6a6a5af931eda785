//! Memory that a pass frees and needs again.

use std::hint::black_box;

/// The largest block that glibc takes into account, 32 MiB, less the room that it needs itself.
const BLOCK: usize = (32 << 20) - (64 << 10);

/// Makes glibc keep freed memory instead of returning it to the system, up to 64 MiB in each thread.
///
/// glibc returns freed memory above twice the largest block that it once mapped and freed. Every layer of a
/// pass frees a few blocks of some MiB and needs them again in the next layer. Without this the system would
/// map and clear them anew each time. Other allocators have other rules.
pub(crate) fn keep_freed_memory() {
    if cfg!(target_env = "gnu") {
        // No byte of it is touched, so it takes no memory.
        drop(black_box(Vec::<u8>::with_capacity(BLOCK)));
    }
}
