// Values between JavaScript and the module, packed into one byte array: one crossing, however large the value is.
//
// A tag byte and what it holds, little-endian: 0 null, 1 false, 2 true, 3 float64, 4 unsigned and 5 signed 64-bit
// integer, 6 bytes, 7 text, 8 array, 9 map, each of these four with a 32-bit length. src/wasm/crdt/values.rs has the
// other side.

const [NULL, FALSE, TRUE, FLOAT, UNSIGNED, SIGNED, BYTES, TEXT, ARRAY, MAP] = Array(10).keys();
/** More than any value may have, so that a cycle ends. */
const MAX_DEPTH = 80;
/** A buffer up to this size is kept for the next value. */
const KEPT = 1 << 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
let spare = new Uint8Array(1 << 10);

/** Throws for what is no value; the caller says so in its own words. */
export function packValue(value) {
  const packer = new Packer(spare);
  // A getter or a proxy may come back here while this value is packed.
  spare = new Uint8Array(0);
  try {
    packer.put(value, 0);
    return packer.bytes.subarray(0, packer.length); // copied before anything else happens
  } finally {
    spare = packer.bytes.length <= KEPT ? packer.bytes : new Uint8Array(1 << 10);
  }
}

export function unpackValue(bytes) {
  return new Unpacker(bytes).take();
}

class Packer {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.length = 0;
  }

  put(value, depth) {
    switch (typeof value) {
      case 'string': return this.text(value);
      case 'number': return this.number(value);
      case 'boolean': return this.byte(value ? TRUE : FALSE);
      case 'bigint': return this.integer(value);
      case 'object': return value === null ? this.byte(NULL) : this.object(value, depth);
      default: throw new TypeError('no value');
    }
  }

  object(value, depth) {
    if (depth > MAX_DEPTH) throw new TypeError('too deep');
    if (Array.isArray(value)) {
      this.head(ARRAY, value.length);
      for (let i = 0; i < value.length; i += 1) this.put(value[i], depth + 1);
      return;
    }
    if (isByteArray(value)) {
      this.head(BYTES, value.length);
      this.reserve(value.length);
      this.bytes.set(value, this.length);
      this.length += value.length;
      return;
    }
    const entries = entriesOf(value);
    this.head(MAP, entries.length);
    for (const [key, item] of entries) {
      this.put(key, depth + 1);
      this.put(item, depth + 1);
    }
  }

  number(value) {
    this.reserve(9);
    this.bytes[this.length] = FLOAT;
    this.view.setFloat64(this.length + 1, value, true);
    this.length += 9;
  }

  integer(value) {
    const isNegative = value < 0n;
    if (isNegative ? value < -(2n ** 63n) : value >= 2n ** 64n) throw new TypeError('too large');
    this.reserve(9);
    this.bytes[this.length] = isNegative ? SIGNED : UNSIGNED;
    this.view.setBigUint64(this.length + 1, BigInt.asUintN(64, value), true);
    this.length += 9;
  }

  text(value) {
    this.reserve(5 + value.length * 3);
    const start = this.length + 5;
    let at = start;
    // Most texts are short and plain; the encoder costs more than they do.
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i);
      if (unit > 127 || i > 64) {
        at = start + i + encoder.encodeInto(i ? value.slice(i) : value, this.bytes.subarray(start + i)).written;
        break;
      }
      this.bytes[at] = unit;
      at += 1;
    }
    this.bytes[this.length] = TEXT;
    this.view.setUint32(this.length + 1, at - start, true);
    this.length = at;
  }

  head(tag, count) {
    this.reserve(5);
    this.bytes[this.length] = tag;
    this.view.setUint32(this.length + 1, count, true);
    this.length += 5;
  }

  byte(byte) {
    this.reserve(1);
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  reserve(more) {
    if (this.length + more <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more, 1 << 10));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** A `Uint8Array` of any realm; a Node `Buffer` is one. */
function isByteArray(value) {
  return ArrayBuffer.isView(value) && value[Symbol.toStringTag] === 'Uint8Array';
}

/** The entries of a `Map` or a plain object, of any realm. Fields that are undefined are not there. */
function entriesOf(value) {
  if (value instanceof Map) return [...value];
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new TypeError('no plain object');
  if (Symbol.toStringTag in value || typeof value.then === 'function') throw new TypeError('no plain object');
  return Object.entries(value).filter(([, item]) => item !== undefined);
}

class Unpacker {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take() {
    const tag = this.bytes[this.at++];
    switch (tag) {
      case NULL: return null;
      case FALSE: return false;
      case TRUE: return true;
      case FLOAT: return this.view.getFloat64(this.skip(8), true);
      case UNSIGNED: return this.view.getBigUint64(this.skip(8), true);
      case SIGNED: return this.view.getBigInt64(this.skip(8), true);
      case BYTES: {
        const length = this.length();
        return this.bytes.slice(this.at, (this.at += length));
      }
      case TEXT: return this.text(this.length());
      case ARRAY: return this.array(this.length());
      default: return this.map(this.length());
    }
  }

  text(length) {
    const end = this.at + length;
    if (length <= 24) {
      let text = '';
      let at = this.at;
      while (at < end && this.bytes[at] < 128) text += String.fromCharCode(this.bytes[at++]);
      if (at === end) {
        this.at = end;
        return text;
      }
    }
    return decoder.decode(this.bytes.subarray(this.at, (this.at = end)));
  }

  array(length) {
    const items = [];
    for (let i = 0; i < length; i += 1) items.push(this.take());
    return items;
  }

  /** A plain object; a `Map` where a key is not a text. */
  map(length) {
    const entries = [];
    for (let i = 0; i < length; i += 1) entries.push([this.take(), this.take()]);
    if (!entries.every(([key]) => typeof key === 'string')) return new Map(entries);
    // Makes properties of its own whatever their names are, `__proto__` included.
    return Object.fromEntries(entries);
  }

  length() {
    return this.view.getUint32(this.skip(4), true);
  }

  skip(length) {
    const at = this.at;
    this.at += length;
    return at;
  }
}
