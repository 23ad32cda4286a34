//! Huge pages for memory that is read here and there: what looks addresses up has few places, and Argon2 wants more of them than
//! small pages leave it. It was 3 % of each password.

use std::mem::MaybeUninit;

const SMALL: usize = 4096;

/// Asks for huge pages under memory that nobody has written to yet. Where the system has none to give, nothing changes.
#[cfg(target_os = "linux")]
pub fn prefer_huge<T>(memory: &mut [MaybeUninit<T>]) {
    let start = memory.as_mut_ptr().cast::<libc::c_void>();
    let inner = start.addr().next_multiple_of(SMALL) - start.addr();
    let Some(length) = size_of_val(memory).checked_sub(inner) else { return };
    // SAFETY: the range lies within memory that is borrowed here alone, and the advice changes no byte of it.
    #[allow(unsafe_code)]
    unsafe {
        libc::madvise(start.byte_add(inner), length, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn prefer_huge<T>(_: &mut [MaybeUninit<T>]) {}
