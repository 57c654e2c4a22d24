/*
 * What is written about a run on its server from the screens of runs: tags, its name, its note,
 * its life, and a version registered from it (change_ask.h). Called by the first screen and the
 * run screen.
 */
#include "change_ask.h"

#include <stdlib.h>
#include <string.h>

#include <assay/registry.h>
#include <assay/text.h>

bool change_ask_register(struct change_ask *ask, struct app *app, uint32_t run_index,
                         const char *model)
{
    const struct assay_run *run = assay_catalog_run(app->catalog, run_index);
    char *place = assay_registry_model_place(assay_catalog_attrs(app->catalog, run_index));
    bool begun = change_ask_begin(ask, app,
                                  &(struct assay_change){.kind = ASSAY_CHANGE_REGISTER,
                                                         .source = run->source,
                                                         .run_id = run->id,
                                                         .run_name = run->name,
                                                         .value = place},
                                  model);

    free(place);
    return begun;
}

bool change_ask_run_command(struct change_ask *ask, struct app *app, enum command_id id,
                            uint32_t index)
{
    const struct assay_run *run =
        index == ASSAY_NONE ? NULL : assay_catalog_run(app->catalog, index);
    struct assay_change change = {0};
    const char *note;

    if (id != CMD_TAG && id != CMD_RENAME && id != CMD_DELETE_RUN && id != CMD_SERVER_NOTE &&
        id != CMD_REGISTER)
        return false;
    if (!run) {
        app_say(app, "there is no run under the cursor");
        return true;
    }
    change.source = run->source;
    change.run_id = run->id;
    change.run_name = run->name;
    switch (id) {
    case CMD_TAG:
        change.kind = ASSAY_CHANGE_RUN_TAG;
        change_ask_begin(ask, app, &change, "");
        break;
    case CMD_RENAME:
        change.kind = ASSAY_CHANGE_RUN_NAME;
        change_ask_begin(ask, app, &change, run->name);
        break;
    case CMD_DELETE_RUN:
        change.kind = ASSAY_CHANGE_RUN_LIFE;
        change.value = run->deleted ? "active" : "deleted";
        change_ask_known(ask, app, &change);
        break;
    case CMD_SERVER_NOTE:
        change.kind = ASSAY_CHANGE_RUN_TAG;
        change.key = ASSAY_NOTE_TAG;
        note = assay_attrs_tag(assay_catalog_attrs(app->catalog, index), ASSAY_NOTE_TAG);
        change_ask_edit(ask, app, &change, note ? note : "");
        break;
    default:
        change_ask_register(ask, app, index, "");
        break;
    }
    return true;
}
