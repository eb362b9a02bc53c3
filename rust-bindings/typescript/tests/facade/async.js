// The async path gives the bytes and errors of the synchronous one, below and above the size where the platform takes over.
const bytes = (length, value = 7) => new Uint8Array(length).fill(value);
const SIZES = [0, 1, 1000, 16 * 1024, 100_000];

function same(a, b, text) {
  if (a.length !== b.length || a.some((byte, i) => byte !== b[i])) throw new Error(`${text} differs`);
}

async function rejects(work, code) {
  const error = await work().then(() => undefined, (error) => error);
  if (error?.name !== 'CryptoError' || error.code !== code) throw new Error(`expected ${code}, got ${error}`);
}

/** `[name, run]` for each check of `later`, the async module, against `now`, the package. */
export function asyncChecks(now, later) {
  return Object.entries({
    async hashes() {
      for (const size of SIZES) for (let algorithm = 0; algorithm < 7; algorithm += 1) {
        same(await later.hashAsync(bytes(size), algorithm), now.hash(bytes(size), algorithm), `hash ${algorithm} of ${size}`);
      }
      for (const size of SIZES) same(await later.hashAsync(bytes(size).buffer, 0), now.hash(bytes(size), 0), `an ArrayBuffer of ${size}`);
      await rejects(() => later.hashAsync(bytes(100_000), 7), 'UNSUPPORTED');
      await rejects(() => later.hashAsync('text', 0), 'INVALID_ARGUMENT');
    },
    async hmac() {
      for (const size of SIZES) for (const bits of [256, 384, 512]) for (const key of [bytes(0), bytes(32), bytes(500)]) {
        same(await later.hmacAsync(bits, key, bytes(size)), now[`hmac_sha${bits}`](key, bytes(size)), `hmac ${bits} of ${size}`);
      }
      await rejects(() => later.hmacAsync(256, 'key', bytes(100_000)), 'INVALID_ARGUMENT');
    },
    async hkdf() {
      for (const size of SIZES) for (const length of [0, 42, 8160]) {
        same(await later.hkdfSha256Async(bytes(size), bytes(3), bytes(4), length), now.hkdf_sha256(bytes(size), bytes(3), bytes(4), length), `hkdf of ${size}`);
      }
      await rejects(() => later.hkdfSha256Async(bytes(100_000), bytes(3), bytes(4), 8161), 'INVALID_ARGUMENT');
      await rejects(() => later.hkdfSha256Async(bytes(100_000), 3, bytes(4), 32), 'INVALID_ARGUMENT');
    },
    async pbkdf2() {
      for (const iterations of [1, 1000]) for (const length of [1, 32, 1024]) {
        same(await later.pbkdf2Sha256Async(bytes(8), bytes(9), iterations, length),
          now.pbkdf2_sha256_derive_key(bytes(8), bytes(9), iterations, length), `pbkdf2 of ${iterations}`);
      }
      for (const [iterations, length] of [[0, 32], [1.5, 32], [10_000_001, 32], [1, 0], [1, 1025], [1, 2.5]]) {
        await rejects(() => later.pbkdf2Sha256Async(bytes(8), bytes(9), iterations, length), 'INVALID_ARGUMENT');
      }
      await rejects(() => later.pbkdf2Sha256Async('password', bytes(9), 1, 32), 'INVALID_ARGUMENT');
    },
    async 'AES-256-GCM'() {
      for (const size of SIZES) {
        const sealed = await later.aesGcmEncryptAsync(bytes(size), bytes(32), bytes(5));
        same(now.aes_gcm_decrypt_aad(sealed, bytes(32), bytes(5)), bytes(size), `sealing ${size}`);
        const opened = await later.aesGcmDecryptAsync(now.aes_gcm_encrypt_aad(bytes(size), bytes(32), bytes(5)), bytes(32), bytes(5));
        same(opened, bytes(size), `opening ${size}`);
        sealed[sealed.length - 1] ^= 1;
        await rejects(() => later.aesGcmDecryptAsync(sealed, bytes(32), bytes(5)), 'DECRYPT_FAILED');
      }
      await rejects(() => later.aesGcmEncryptAsync(bytes(100_000), bytes(31)), 'INVALID_KEY_LENGTH');
      await rejects(() => later.aesGcmDecryptAsync(bytes(100_000), bytes(31)), 'INVALID_KEY_LENGTH');
      await rejects(() => later.aesGcmDecryptAsync(bytes(10), bytes(32)), 'DATA_TOO_SHORT');
      await rejects(() => later.aesGcmDecryptAsync(bytes(100_000), bytes(32), 'aad'), 'INVALID_ARGUMENT');
    },
    async 'inputs that change after the call'() {
      for (const size of [100, 100_000]) {
        const input = { data: bytes(size), key: bytes(32, 1), salt: bytes(16, 2), aad: bytes(5, 3) };
        const sealed = now.aes_gcm_encrypt_aad(input.data, input.key, input.aad);
        // What a function gives for copies that are overwritten as soon as it has returned its promise.
        const overwritten = (work) => {
          const own = Object.fromEntries(Object.entries({ ...input, sealed }).map(([name, value]) => [name, value.slice()]));
          const promise = work(own);
          for (const value of Object.values(own)) value.fill(0xee);
          return promise;
        };
        same(await overwritten(({ data }) => later.hashAsync(data, 0)), now.hash(input.data, 0), `hash of ${size}`);
        same(await overwritten(({ data, key }) => later.hmacAsync(256, key, data)), now.hmac_sha256(input.key, input.data), `hmac of ${size}`);
        same(await overwritten(({ data, salt, aad }) => later.hkdfSha256Async(data, salt, aad, 32)),
          now.hkdf_sha256(input.data, input.salt, input.aad, 32), `hkdf of ${size}`);
        same(await overwritten(({ data, salt }) => later.pbkdf2Sha256Async(data, salt, 2, 32)),
          now.pbkdf2_sha256_derive_key(input.data, input.salt, 2, 32), `pbkdf2 of ${size}`);
        const encrypted = await overwritten(({ data, key, aad }) => later.aesGcmEncryptAsync(data, key, aad));
        same(now.aes_gcm_decrypt_aad(encrypted, input.key, input.aad), input.data, `sealing ${size}`);
        same(await overwritten(({ sealed, key, aad }) => later.aesGcmDecryptAsync(sealed, key, aad)), input.data, `opening ${size}`);
      }
    },
  });
}
