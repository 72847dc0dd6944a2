/**
 * Import this first in a program that resolves names: the system's resolver holds one of libuv's threads (4 unless said
 * otherwise) until its DNS server answers or gives up, and names of dead clusters must not keep files, keys and the names
 * of living clusters waiting. Read by libuv at the first use of a thread, so later is too late.
 */
process.env.UV_THREADPOOL_SIZE ??= '32'
