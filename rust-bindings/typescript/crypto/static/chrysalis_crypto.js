module.exports = require('./rust_crypto.cjs');
