// SPDX-License-Identifier: GPL-2.0
/* The text that names a channel. */
#include "../../../kernel/arch/um/host/chan_spec.h"
#include "check.h"

static const struct {
	const char *text;
	u32 kind;
	int in, out;
	const char *dev;
} good[] = {
	{ "none", HOST_CHAN_NONE, -1, -1, "" },
	{ "null", HOST_CHAN_NULL, -1, -1, "" },
	{ "fd:0", HOST_CHAN_FD, 0, -1, "" },
	{ "fd:0,fd:1", HOST_CHAN_FD, 0, 1, "" },
	{ "fd:103,fd:7", HOST_CHAN_FD, 103, 7, "" },
	{ "pts", HOST_CHAN_PTS, -1, -1, "" },
	{ "pty", HOST_CHAN_PTS, -1, -1, "" },
	{ "pty:/dev/ptyp0", HOST_CHAN_PTY, -1, -1, "/dev/ptyp0" },
	{ "tty:/dev/tty3", HOST_CHAN_TTY, -1, -1, "/dev/tty3" },
};

static const char * const bad[] = {
	"", "fd:", "fd:x", "fd:1x", "fd:0,", "fd:0,1", "fd:0,fd:",
	"fd:0,fd:1,", "fd:-1", "fd:99999999999", "tty:", "pty:", "nul",
	"nulls", "xterm", "port:9000", "FD:0",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
	struct chan_spec s;
	const char *why;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		CHECK_INT(chan_spec_parse(good[i].text, &s, &why), 0);
		CHECK_INT(s.kind, good[i].kind);
		CHECK_INT(s.in_fd, good[i].in);
		CHECK_INT(s.out_fd, good[i].out);
		CHECK(!strcmp(s.dev, good[i].dev));
	}
	for (i = 0; i < COUNT(bad); i++) {
		why = NULL;
		if (!CHECK(chan_spec_parse(bad[i], &s, &why) < 0))
			fprintf(stderr, "\tcase: %s\n", bad[i]);
		CHECK(why && *why);
	}
	chan_spec_parse("xterm", &s, &why);
	CHECK_HAS(why, "not supported");
	return check_failures != 0;
}
