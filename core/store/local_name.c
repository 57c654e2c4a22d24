/*
 * Names for runs that were given none, made to be said aloud and told apart at a glance. The
 * number is the run's place in its experiment, so no name comes twice there. Called by local.c.
 */
#include "store/local_name.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <assay/memory.h>

static const char *const adjectives[] = {
    "amber",   "ample",  "bold",   "brave",  "brief",  "bright", "brisk",  "broad",
    "calm",    "candid", "clear",  "clever", "cool",   "copper", "crisp",  "deep",
    "dry",     "eager",  "early",  "even",   "fair",   "fine",   "firm",   "fleet",
    "fresh",   "frosty", "gentle", "glad",   "golden", "grand",  "green",  "hardy",
    "honest",  "humble", "keen",   "kind",   "lean",   "light",  "lively", "lucid",
    "mellow",  "merry",  "mild",   "misty",  "modest", "neat",   "nimble", "noble",
    "patient", "plain",  "proud",  "quick",  "quiet",  "rapid",  "ready",  "round",
    "rustic",  "sharp",  "silver", "sober",  "steady", "sunny",  "swift",  "warm",
};

static const char *const nouns[] = {
    "alder", "badger", "beech",   "birch",   "bison",  "brook",  "cedar",   "cliff",
    "comet", "coral",  "crane",   "creek",   "delta",  "dune",   "eagle",   "elk",
    "ember", "falcon", "fern",    "finch",   "fjord",  "forest", "fox",     "glacier",
    "grove", "harbor", "hare",    "hawk",    "hazel",  "heath",  "heron",   "hill",
    "ibis",  "island", "juniper", "kestrel", "lake",   "lark",   "larch",   "lynx",
    "maple", "marsh",  "meadow",  "moose",   "moss",   "oak",    "orchard", "otter",
    "owl",   "pebble", "pine",    "prairie", "quail",  "raven",  "reef",    "ridge",
    "river", "robin",  "sparrow", "summit",  "thrush", "tundra", "willow",  "wren",
};

char *local_name(char out[LOCAL_NAME_SIZE], const unsigned char *random, uint64_t number)
{
    uint32_t a, b;

    memcpy(&a, random, sizeof a);
    memcpy(&b, random + sizeof a, sizeof b);
    (void)snprintf(out, LOCAL_NAME_SIZE, "%s-%s-%02llu",
                   adjectives[a % ASSAY_COUNT(adjectives)], nouns[b % ASSAY_COUNT(nouns)],
                   (unsigned long long)number);
    return out;
}
