// SPDX-License-Identifier: GPL-2.0
/* libpcap's compiler. See filter.h. */
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "filter.h"
#include "util.h"

void filter_compile(const char *what, const char *text, bool tap, struct bpf_program *program)
{
	pcap_t *pcap = pcap_open_dead(tap ? DLT_EN10MB : DLT_RAW, DEV_BUFFER);

	if (!pcap)
		die("no memory for a filter");
	if (pcap_compile(pcap, program, text, 1, PCAP_NETMASK_UNKNOWN))
		wrong_use("%s: '%s': %s", what, text, pcap_geterr(pcap));
	pcap_close(pcap);
}

char *join_words(int n, char **words)
{
	size_t size = 1;
	char *text;

	for (int i = 0; i < n; i++)
		size += strlen(words[i]) + 1;
	text = calloc(1, size);
	if (!text)
		die("no memory for a line of text");
	for (int i = 0; i < n; i++) {
		strcat(text, i ? " " : "");
		strcat(text, words[i]);
	}
	return text;
}
