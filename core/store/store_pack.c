/*
 * Packed run headers. A header as a row of twelve columns costs SQLite some 2,300 instructions,
 * and the first frame needs every one; here some hundred of them are one blob, read by pointers
 * into it.
 *
 * Packs are copies and never the truth. All packs of a source are written in one transaction
 * and say the last change they know of: rows with a later change are read as rows, in their
 * place. So nobody who writes a run has to think of them; only removing rows removes the packs.
 *
 * A pack: struct head, then one record a run in the order of their rows: struct packed, then
 * id, name, user and artifact URI, each with its NUL. Numbers are as the machine has them;
 * ORDER_MARK tells a store that came from another kind of machine, whose packs are then passed
 * over.
 */
#include <string.h>

#include <assay/buf.h>

#include "store/store_private.h"

#define PACK_BYTES   (32u << 10) /* a pack ends when it has become this large */
#define PACK_CHANGED 256         /* and an eighth of all: so much has to be new for packing */
#define ORDER_MARK   0x0102030405060708ull

struct packed {
    int64_t row, experiment, change, start_ms, end_ms;
    uint32_t length[4];
    uint8_t status, deleted, gone, unused[5];
};

struct head {
    uint64_t order, sum;
};

/* FNV-1a over eight bytes at a time: it finds what a disk damages; nobody is defended against,
   who could change the rows as well. */
static uint64_t sum_of(const char *bytes, size_t length)
{
    uint64_t sum = 0xcbf29ce484222325ull, word;

    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        sum = (sum ^ word) * 0x100000001b3ull;
        sum ^= sum >> 29;
    }
    for (; length > 0; bytes++, length--) {
        sum = (sum ^ (uint8_t)*bytes) * 0x100000001b3ull;
    }
    return sum;
}

/* ---- reading ---- */

struct packs {
    struct sql_statement *statement;
    int64_t change; /* what all of them know */
    const char *at;
    size_t left;
    int64_t row; /* of the run read last */
    bool damaged;
};

/* The next run's texts: pointers into the pack. */
static bool take_texts(struct packs *packs, const struct packed *packed, const char *texts[4])
{
    for (size_t i = 0; i < 4; i++) {
        if (packed->length[i] >= packs->left || packs->at[packed->length[i]] != '\0') {
            return false;
        }
        texts[i] = packs->at;
        packs->at += packed->length[i] + 1;
        packs->left -= packed->length[i] + 1;
    }
    return true;
}

static bool take_run(struct packs *packs, struct store_run *run)
{
    struct packed packed;
    const char *texts[4];

    if (packs->left < sizeof packed) {
        return false;
    }
    memcpy(&packed, packs->at, sizeof packed);
    packs->at += sizeof packed;
    packs->left -= sizeof packed;
    if (!take_texts(packs, &packed, texts) || packed.row <= packs->row) {
        return false;
    }
    packs->row = packed.row;
    *run = (struct store_run){
        .row = packed.row,
        .experiment = packed.experiment,
        .change = packed.change,
        .id = texts[0],
        .name = texts[1],
        .user = texts[2],
        .artifact_uri = texts[3],
        .texts_length = (size_t)(packs->at - texts[0]),
        .status = store_to_status(packed.status),
        .deleted = packed.deleted != 0,
        .gone = packed.gone != 0,
        .start_ms = packed.start_ms,
        .end_ms = packed.end_ms,
    };
    return true;
}

/* The next pack; false at the end or where it is damaged. */
static bool next_pack(struct packs *packs)
{
    struct head head;
    size_t length = 0;
    bool row = false;

    if (packs->damaged) {
        return false;
    }
    if (sql_step(packs->statement, &row, NULL) != ASSAY_OK) {
        packs->damaged = true;
        return false;
    }
    if (!row) {
        return false;
    }
    int64_t change = sql_column_int(packs->statement, 0);
    const char *bytes = sql_column_blob(packs->statement, 1, &length);
    packs->damaged = true;
    if (length <= sizeof head || (packs->change != 0 && change != packs->change)) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    packs->at = bytes + sizeof head;
    packs->left = length - sizeof head;
    packs->change = change;
    packs->damaged = head.order != ORDER_MARK || head.sum != sum_of(packs->at, packs->left);
    return !packs->damaged;
}

static bool next_packed(struct packs *packs, struct store_run *run)
{
    while (!packs->damaged && packs->left == 0) {
        if (!next_pack(packs)) {
            return false;
        }
    }
    if (!packs->damaged && !take_run(packs, run)) {
        packs->damaged = true;
    }
    return !packs->damaged;
}

/* Rows, one at a time; `there` is false at their end. */
struct rows {
    struct sql_statement *statement;
    struct store_run run;
    bool there;
};

static enum assay_status next_row(struct rows *rows, struct assay_error *err)
{
    enum assay_status status = sql_step(rows->statement, &rows->there, err);

    if (status != ASSAY_OK) {
        rows->there = false;
    } else if (rows->there) {
        store_fill_run(rows->statement, &rows->run);
    }
    return status;
}

/* The rest of ROWS. */
static enum assay_status give_rows(struct rows *rows, store_run_fn fn, void *context,
                                   bool *more, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    while (status == ASSAY_OK && *more && rows->there) {
        *more = fn(context, &rows->run);
        status = next_row(rows, err);
    }
    return status;
}

static enum assay_status open_packs(struct store *store, int64_t source, struct packs *packs,
                                    struct assay_error *err)
{
    enum assay_status status = store_statement(
        store, SLOT_PACKS_READ,
        "SELECT change, data FROM pack INDEXED BY pack_source WHERE source=?1 ORDER BY row",
        &packs->statement, err);

    if (status == ASSAY_OK) {
        sql_bind_int(packs->statement, 1, source);
    }
    return status;
}

enum assay_status store_read_packed(struct store *store, int64_t source, store_run_fn fn,
                                    void *context, struct assay_error *err)
{
    struct packs packs = {.row = INT64_MIN};
    struct rows changed = {0}, behind = {0};
    struct store_run run;
    bool more = true;
    enum assay_status status = open_packs(store, source, &packs, err);

    if (status != ASSAY_OK) {
        return status;
    }
    /* The first pack is read before the rows are asked for: from then on it is one moment. */
    bool packed = next_packed(&packs, &run);
    if (packed) {
        status = store_select_runs(store, source, packs.change, 0, &changed.statement, err);
        if (status == ASSAY_OK) {
            status = next_row(&changed, err);
        }
    }
    int64_t last = INT64_MIN;
    for (; status == ASSAY_OK && more && packed; packed = next_packed(&packs, &run)) {
        while (status == ASSAY_OK && more && changed.there && changed.run.row < run.row) {
            more = fn(context, &changed.run);
            status = next_row(&changed, err);
        }
        if (status != ASSAY_OK || !more) {
            break;
        }
        last = run.row;
        if (changed.there && changed.run.row == run.row) {
            more = fn(context, &changed.run);
            status = next_row(&changed, err);
        } else {
            more = fn(context, &run);
        }
    }
    if (status == ASSAY_OK && more && (packs.damaged || packs.change == 0)) {
        status = store_select_runs(store, source, 0, last, &behind.statement, err);
        if (status == ASSAY_OK) {
            status = next_row(&behind, err);
        }
        if (status == ASSAY_OK) {
            status = give_rows(&behind, fn, context, &more, err);
        }
    } else if (status == ASSAY_OK) {
        status = give_rows(&changed, fn, context, &more, err);
    }
    sql_reset(packs.statement);
    if (changed.statement) {
        sql_reset(changed.statement);
    }
    if (behind.statement) {
        sql_reset(behind.statement);
    }
    return status;
}

enum assay_status store_packs_sound(struct store *store, int64_t source, bool *sound,
                                    struct assay_error *err)
{
    struct packs packs = {.row = INT64_MIN};
    struct store_run run;
    enum assay_status status = open_packs(store, source, &packs, err);

    if (status == ASSAY_OK) {
        while (next_packed(&packs, &run)) {
        }
        *sound = !packs.damaged;
        sql_reset(packs.statement);
    }
    return status;
}

/* ---- writing ---- */

static void add_run(struct assay_buf *out, const struct store_run *run)
{
    const char *const texts[4] = {run->id, run->name, run->user, run->artifact_uri};
    struct packed packed = {
        .row = run->row,
        .experiment = run->experiment,
        .change = run->change,
        .start_ms = run->start_ms,
        .end_ms = run->end_ms,
        .status = (uint8_t)run->status,
        .deleted = run->deleted,
        .gone = run->gone,
    };

    for (size_t i = 0; i < 4; i++) {
        packed.length[i] = (uint32_t)strlen(texts[i]);
    }
    assay_buf_add(out, &packed, sizeof packed);
    for (size_t i = 0; i < 4; i++) {
        assay_buf_add(out, texts[i], packed.length[i] + 1);
    }
}

static enum assay_status put_pack(struct sql_statement *insert, int64_t source, int64_t change,
                                  struct assay_buf *data, struct assay_error *err)
{
    struct head head = {.order = ORDER_MARK};

    head.sum = sum_of(data->data + sizeof head, data->length - sizeof head);
    memcpy(data->data, &head, sizeof head);
    sql_bind_int(insert, 1, source);
    sql_bind_int(insert, 2, change);
    sql_bind_blob(insert, 3, data->data, data->length);
    enum assay_status status = store_run_once(insert, err);
    data->length = sizeof head;
    return status;
}

/* All runs of SOURCE anew, in the transaction that is open. */
static enum assay_status write_packs(struct store *store, int64_t source, int64_t change,
                                     struct assay_error *err)
{
    const struct head head = {0};
    struct sql_statement *drop = NULL, *insert = NULL;
    struct rows rows = {0};
    struct assay_buf data = {0};
    enum assay_status status =
        sql_prepare(store->sql, &drop, "DELETE FROM pack WHERE source=?1", err);

    if (status == ASSAY_OK) {
        sql_bind_int(drop, 1, source);
        status = store_run_once(drop, err);
    }
    if (status == ASSAY_OK) {
        status = sql_prepare(store->sql, &insert,
                             "INSERT INTO pack(source,change,data) VALUES(?1,?2,?3)", err);
    }
    if (status == ASSAY_OK) {
        status = store_select_runs(store, source, 0, INT64_MIN, &rows.statement, err);
    }
    if (status == ASSAY_OK) {
        status = next_row(&rows, err);
    }
    assay_buf_add(&data, &head, sizeof head);
    while (status == ASSAY_OK && rows.there) {
        add_run(&data, &rows.run);
        status = next_row(&rows, err);
        if (status == ASSAY_OK && (data.length >= PACK_BYTES || !rows.there)) {
            status = put_pack(insert, source, change, &data, err);
        }
    }
    if (rows.statement) {
        sql_reset(rows.statement);
    }
    sql_finish(&drop);
    sql_finish(&insert);
    assay_buf_free(&data);
    return status;
}

/* A source of whose runs many are not packed; 0 where there is none. */
static int64_t unpacked_source(struct store *store)
{
    static const char text[] =
        "WITH known AS (SELECT id, coalesce((SELECT max(change) FROM pack INDEXED BY "
        "pack_source"
        " WHERE pack.source=source.id),0) AS change FROM source),"
        " fresh AS (SELECT id, (SELECT count(*) FROM run INDEXED BY run_change"
        " WHERE run.source=known.id AND run.change>known.change) AS changed FROM known)"
        " SELECT coalesce(max(id),0) FROM fresh WHERE changed>?1 AND changed>"
        " (SELECT count(*) FROM run INDEXED BY run_source WHERE run.source=fresh.id)/8";
    struct sql_statement *statement = NULL;
    int64_t source = 0;

    if (sql_prepare(store->sql, &statement, text, NULL) == ASSAY_OK) {
        sql_bind_int(statement, 1, PACK_CHANGED);
        if (store_number(statement, &source, NULL) != ASSAY_OK) {
            source = 0;
        }
    }
    sql_finish(&statement);
    return source;
}

void store_pack(struct store *store)
{
    for (int64_t source, last = 0; (source = unpacked_source(store)) != last; last = source) {
        if (store_begin(store, NULL) != ASSAY_OK) {
            return;
        }
        if (write_packs(store, source, store->change - 1, NULL) != ASSAY_OK ||
            store_commit(store, NULL) != ASSAY_OK) {
            store_rollback(store);
            return;
        }
    }
}
