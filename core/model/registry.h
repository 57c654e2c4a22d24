/*
 * A registry put together: models and versions come in any order, from a server's answers or
 * from a store on disk, and leave as the nouns of <assay/registry.h>: each version below its
 * model, aliases on both, the one in use marked. Pure.
 */
#ifndef CORE_MODEL_REGISTRY_H
#define CORE_MODEL_REGISTRY_H

#include <assay/registry.h>

struct registry_build; /* opaque */

struct registry_build *registry_build_new(void);
/* Where the texts of what is added lie: they are taken as they are, not copied. */
struct assay_arena *registry_build_arena(struct registry_build *build);
/* A model without its versions; again, in place of the one before. Only name, texts, times,
   tags and aliases count. One without a name is passed over. */
void registry_build_model(struct registry_build *build,
                          const struct assay_registered_model *model);
/* A version of MODEL, which is made where it was not met yet. A stage of "None" is none. One
   without a number is passed over. */
void registry_build_version(struct registry_build *build, const char *model,
                            const struct assay_model_version *version);
/* What of it all is a registry; the build is gone afterwards. */
struct assay_registry *registry_build_finish(struct registry_build **build);
void registry_build_free(struct registry_build **build);

/* All texts "", no times. */
extern const struct assay_model_version registry_version_blank;

#endif
