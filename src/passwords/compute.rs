//! Computes the hash of a password, in memory that is kept for the next one.

use argon2::{Argon2, Block};
use sha2::{Sha256, Sha512};
use zeroize::{Zeroize, Zeroizing};

use super::huge_pages::prefer_huge;
use super::kind::{Digest, Kind};

/// bcrypt looks at no more of a password.
const BCRYPT_LONGEST: usize = 72;

/// All that determines a hash but the password.
#[derive(Clone)]
pub struct Recipe {
    pub kind: Kind,
    pub salt: Vec<u8>,
    /// How many bytes come out.
    pub length: usize,
}

impl Recipe {
    /// For the password of somebody who has none: it costs the same as one of this kind.
    pub fn dummy(kind: Kind) -> Self {
        Self { kind, salt: vec![0; 16], length: 23 }
    }

    /// The hash, or nothing when there is none for this password.
    pub fn compute(&self, password: &str, memory: &mut Memory) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.length]);
        let password = password.as_bytes();
        match self.kind {
            Kind::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let params = argon2::Params::new(memory_kib, passes, lanes, Some(self.length)).ok()?;
                let blocks = memory.blocks(params.block_count());
                let argon2 = Argon2::new(algorithm, version, params);
                argon2.hash_password_into_with_memory(password, &self.salt, &mut out, blocks).ok()?;
                memory.shrink();
            }
            Kind::Bcrypt { cost } => return self.bcrypt(cost, password),
            Kind::Pbkdf2 { digest, rounds } => match digest {
                Digest::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, &self.salt, rounds, &mut out),
                Digest::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, &self.salt, rounds, &mut out),
            },
            Kind::Scrypt { log_n, block, lanes } => {
                let params = scrypt::Params::new(u8::try_from(log_n).ok()?, block, lanes).ok()?;
                scrypt::scrypt(password, &self.salt, &params, &mut out).ok()?;
            }
        }
        Some(out)
    }

    /// The key is the password with the NUL that ends it in C, cut to 72 bytes. A password with a NUL inside was refused
    /// or cut short by those who made such hashes: it is computed like any other, and matches nothing.
    fn bcrypt(&self, cost: u32, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut key: Zeroizing<Vec<u8>> = Zeroizing::new(password.iter().copied().take(BCRYPT_LONGEST).collect());
        if key.len() < BCRYPT_LONGEST {
            key.push(0);
        }
        let salt = self.salt.as_slice().try_into().ok()?;
        let hash = Zeroizing::new(bcrypt::bcrypt(cost, salt, &key));
        (!password.contains(&0)).then(|| Zeroizing::new(hash[..self.length.min(hash.len())].to_vec()))
    }
}

/// The memory of one thread: as much as new passwords need is kept, more is given back after use.
pub struct Memory {
    blocks: Vec<Block>,
    kept: usize,
}

impl Memory {
    pub fn keeping(memory_kib: u32) -> Self {
        Self { blocks: Vec::new(), kept: usize::try_from(memory_kib).unwrap_or(usize::MAX) }
    }

    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.reserve_exact(count - self.blocks.len());
            // Before they are first written to.
            prefer_huge(self.blocks.spare_capacity_mut());
            self.blocks.resize(count, Block::new());
        }
        &mut self.blocks[..count]
    }

    fn shrink(&mut self) {
        if self.blocks.len() > self.kept {
            self.blocks[self.kept..].iter_mut().for_each(Zeroize::zeroize);
            self.blocks.truncate(self.kept);
            self.blocks.shrink_to_fit();
        }
    }
}

/// Wiping takes time for which the next login would wait: it is done when the thread ends for want of work.
impl Drop for Memory {
    fn drop(&mut self) {
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
    }
}
