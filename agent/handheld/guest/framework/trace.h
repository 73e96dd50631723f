/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices and counters in the kernel's ftrace buffer, in the text form that atrace defines and Perfetto parses
 * (trace processor: SystraceParser): B|PID|NAME, E|PID, S|PID|NAME|COOKIE, F|PID|NAME|COOKIE, I|PID|NAME,
 * C|PID|NAME|VALUE.
 */
#ifndef RECLAIM_TRACE_H
#define RECLAIM_TRACE_H

void trace_open(void);   /* once, while still root: apps inherit the descriptor, as trace_marker is closed to them */
void trace_forked(void); /* in a child: its slices are its own */
int trace_descriptor(void);

void trace_begin(const char *name);
void trace_end(void);
void trace_async_begin(const char *name, int cookie);
void trace_async_end(const char *name, int cookie);
void trace_instant(const char *name);
void trace_counter(const char *name, long value);

#endif
