/*
 * Packed run headers. A header as a row of twelve columns costs SQLite some 2,300 instructions,
 * and the first frame needs every one; here some hundred of them are one blob, read by pointers
 * into it.
 *
 * Packs are copies and never the truth. All packs of a source are written in one transaction
 * and say the last change they know of: rows with a later change are read as rows, in their
 * place. So nobody who writes a run has to think of them; only removing rows removes the packs.
 *
 * Behind the packs of a source lies a record of what its older runs come to (store_older.c).
 * A pack ends where the older runs do, so that those and the newest ones can be read apart.
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
#define NEWER_RUNS   512         /* the newest, which the first frame is made of */
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
uint64_t store_pack_sum(const char *bytes, size_t length)
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
    int64_t change; /* what all of them know; 0: the first one will say */
    const char *at;
    size_t left;
    int64_t row; /* of the run read last */
    bool damaged;
};

/* Which of the packs, and runs of which rows they can hold. */
struct range {
    int64_t pack, pack_end, behind, last;
    int64_t change; /* that the packs must know; 0: whatever it is */
};
static const struct range everything = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX, 0};

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
    if (store_is_older_record(bytes, length)) { /* it is the last */
        struct store_older older;
        packs->damaged = !store_older_unpack(&older, bytes, length);
        store_older_free(&older);
        return false;
    }
    packs->damaged = true;
    if (length <= sizeof head || (packs->change != 0 && change != packs->change)) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    packs->at = bytes + sizeof head;
    packs->left = length - sizeof head;
    packs->change = change;
    packs->damaged =
        head.order != ORDER_MARK || head.sum != store_pack_sum(packs->at, packs->left);
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

/* The rest of ROWS, up to the row LAST. */
static enum assay_status give_rows(struct rows *rows, int64_t last, store_run_fn fn,
                                   void *context, bool *more, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    while (status == ASSAY_OK && *more && rows->there && rows->run.row <= last) {
        *more = fn(context, &rows->run);
        status = next_row(rows, err);
    }
    return status;
}

static enum assay_status open_packs(struct store *store, int64_t source,
                                    const struct range *range, struct packs *packs,
                                    struct assay_error *err)
{
    enum assay_status status =
        store_statement(store, SLOT_PACKS_READ,
                        "SELECT change, data FROM pack INDEXED BY pack_source WHERE source=?1"
                        " AND row>=?2 AND row<?3 ORDER BY row",
                        &packs->statement, err);

    *packs = (struct packs){
        .statement = packs->statement, .change = range->change, .row = range->behind};
    if (status == ASSAY_OK) {
        sql_bind_int(packs->statement, 1, source);
        sql_bind_int(packs->statement, 2, range->pack);
        sql_bind_int(packs->statement, 3, range->pack_end);
    }
    return status;
}

/* Runs as packed, and in their place and between them those of CHANGED, from the one in RUN on;
 *last is the row of the last one that was packed. */
static enum assay_status give_packed(struct packs *packs, struct store_run *run,
                                     struct rows *changed, store_run_fn fn, void *context,
                                     int64_t *last, bool *more, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    bool packed = true;

    for (; status == ASSAY_OK && *more && packed; packed = next_packed(packs, run)) {
        while (status == ASSAY_OK && *more && changed->there && changed->run.row < run->row) {
            *more = fn(context, &changed->run);
            status = next_row(changed, err);
        }
        if (status != ASSAY_OK || !*more) {
            break;
        }
        *last = run->row;
        if (changed->there && changed->run.row == run->row) {
            *more = fn(context, &changed->run);
            status = next_row(changed, err);
        } else {
            *more = fn(context, run);
        }
    }
    return status;
}

static enum assay_status select_rows(struct store *store, int64_t source, int64_t since,
                                     int64_t behind, struct rows *rows, struct assay_error *err)
{
    enum assay_status status =
        store_select_runs(store, source, since, behind, &rows->statement, err);

    return status == ASSAY_OK ? next_row(rows, err) : status;
}

static enum assay_status read_range(struct store *store, int64_t source,
                                    const struct range *range, store_run_fn fn, void *context,
                                    struct assay_error *err)
{
    struct packs packs = {0};
    struct rows changed = {0}, behind = {0};
    struct store_run run;
    bool more = true;
    int64_t last = range->behind;
    enum assay_status status = open_packs(store, source, range, &packs, err);

    if (status != ASSAY_OK) {
        return status;
    }
    /* The first pack is read before the rows are asked for: from then on it is one moment. */
    bool packed = next_packed(&packs, &run);
    if (packed) {
        status = select_rows(store, source, packs.change, 0, &changed, err);
    }
    if (status == ASSAY_OK && packed) {
        status = give_packed(&packs, &run, &changed, fn, context, &last, &more, err);
    }
    if (status == ASSAY_OK && more && (packs.damaged || !packed)) {
        status = select_rows(store, source, 0, last, &behind, err);
        if (status == ASSAY_OK) {
            status = give_rows(&behind, range->last, fn, context, &more, err);
        }
    } else if (status == ASSAY_OK) {
        status = give_rows(&changed, range->last, fn, context, &more, err);
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

enum assay_status store_read_packed(struct store *store, int64_t source, store_run_fn fn,
                                    void *context, struct assay_error *err)
{
    return read_range(store, source, &everything, fn, context, err);
}

enum assay_status store_read_newer(struct store *store, int64_t source,
                                   const struct store_older *older, store_run_fn fn,
                                   void *context, struct assay_error *err)
{
    struct range range = everything;

    range.pack = older->pack;
    range.behind = older->last_row;
    range.change = older->change;
    return read_range(store, source, &range, fn, context, err);
}

enum assay_status store_read_rest(struct store *store, int64_t source,
                                  const struct store_older *older, store_run_fn fn,
                                  void *context, struct assay_error *err)
{
    struct range range = everything;

    range.pack_end = older->pack;
    range.last = older->last_row;
    range.change = older->change;
    return read_range(store, source, &range, fn, context, err);
}

enum assay_status store_packs_sound(struct store *store, int64_t source, bool *sound,
                                    struct assay_error *err)
{
    struct packs packs = {0};
    struct store_run run;
    enum assay_status status = open_packs(store, source, &everything, &packs, err);

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

/* The packs of one source while they are written. */
struct packing {
    int64_t source, change;
    int64_t pack; /* the row of the next one */
    struct sql_statement *insert;
    struct assay_buf data;
    int64_t older_runs; /* so many are the older ones */
    struct store_older older;
};

static enum assay_status insert_pack(struct packing *packing, struct assay_error *err)
{
    sql_bind_int(packing->insert, 1, packing->pack++);
    sql_bind_int(packing->insert, 2, packing->source);
    sql_bind_int(packing->insert, 3, packing->change);
    sql_bind_blob(packing->insert, 4, packing->data.data, packing->data.length);
    return store_run_once(packing->insert, err);
}

static enum assay_status put_pack(struct packing *packing, struct assay_error *err)
{
    struct head head = {.order = ORDER_MARK};
    struct assay_buf *data = &packing->data;

    head.sum = store_pack_sum(data->data + sizeof head, data->length - sizeof head);
    memcpy(data->data, &head, sizeof head);
    enum assay_status status = insert_pack(packing, err);
    data->length = sizeof head;
    return status;
}

static enum assay_status drop_packs(struct store *store, int64_t source,
                                    struct assay_error *err)
{
    struct sql_statement *drop = NULL;
    enum assay_status status =
        sql_prepare(store->sql, &drop, "DELETE FROM pack WHERE source=?1", err);

    if (status == ASSAY_OK) {
        sql_bind_int(drop, 1, source);
        status = store_run_once(drop, err);
    }
    sql_finish(&drop);
    return status;
}

/* Where the new packs lie, and how many of the runs are older ones: none where there are not
   enough for it to be worth the while. */
static enum assay_status begin_packing(struct store *store, struct packing *packing,
                                       struct assay_error *err)
{
    struct sql_statement *count = NULL;
    int64_t runs = 0;
    enum assay_status status = drop_packs(store, packing->source, err);

    if (status == ASSAY_OK) {
        status = sql_int(store->sql, "SELECT coalesce(max(row),0)+1 FROM pack", 1,
                         &packing->pack, err);
    }
    if (status == ASSAY_OK) {
        status =
            sql_prepare(store->sql, &count,
                        "SELECT count(*) FROM run INDEXED BY run_source WHERE source=?1", err);
    }
    if (status == ASSAY_OK) {
        sql_bind_int(count, 1, packing->source);
        status = store_number(count, &runs, err);
    }
    sql_finish(&count);
    packing->older_runs = runs >= 2 * NEWER_RUNS ? runs - NEWER_RUNS : 0;
    if (status == ASSAY_OK) {
        status =
            sql_prepare(store->sql, &packing->insert,
                        "INSERT INTO pack(row,source,change,data) VALUES(?1,?2,?3,?4)", err);
    }
    return status;
}

static enum assay_status pack_rows(struct packing *packing, struct rows *rows,
                                   struct assay_error *err)
{
    const struct head head = {0};
    enum assay_status status = next_row(rows, err);

    assay_buf_add(&packing->data, &head, sizeof head);
    for (int64_t runs = 1; status == ASSAY_OK && rows->there; runs++) {
        add_run(&packing->data, &rows->run);
        if (runs <= packing->older_runs) {
            store_older_add(&packing->older, &rows->run);
        }
        status = next_row(rows, err);
        if (status == ASSAY_OK && (packing->data.length >= PACK_BYTES || !rows->there ||
                                   runs == packing->older_runs)) {
            status = put_pack(packing, err);
        }
        if (runs == packing->older_runs) {
            packing->older.pack = packing->pack;
        }
    }
    return status;
}

/* All runs of SOURCE anew, in the transaction that is open. */
static enum assay_status write_packs(struct store *store, int64_t source, int64_t change,
                                     struct assay_error *err)
{
    struct packing packing = {.source = source, .change = change};
    struct rows rows = {0};
    enum assay_status status = begin_packing(store, &packing, err);

    if (status == ASSAY_OK) {
        status = store_select_runs(store, source, 0, INT64_MIN, &rows.statement, err);
    }
    if (status == ASSAY_OK) {
        status = pack_rows(&packing, &rows, err);
    }
    if (rows.statement) {
        sql_reset(rows.statement);
    }
    if (status == ASSAY_OK) {
        store_older_pack(&packing.older, &packing.data);
        status = insert_pack(&packing, err);
    }
    sql_finish(&packing.insert);
    assay_buf_free(&packing.data);
    store_older_free(&packing.older);
    return status;
}

/* A source of whose runs many are not packed, or whose packs an earlier version wrote, with no
   record behind them; 0 where there is none. */
static int64_t unpacked_source(struct store *store)
{
    static const char text[] =
        "WITH known AS (SELECT id, coalesce((SELECT max(change) FROM pack INDEXED BY "
        "pack_source"
        " WHERE pack.source=source.id),0) AS change,"
        " (SELECT substr(data,1,8)<>?2 FROM pack INDEXED BY pack_source"
        " WHERE pack.source=source.id ORDER BY row DESC LIMIT 1) AS untold FROM source),"
        " fresh AS (SELECT id, untold, (SELECT count(*) FROM run INDEXED BY run_change"
        " WHERE run.source=known.id AND run.change>known.change) AS changed FROM known)"
        " SELECT coalesce(max(id),0) FROM fresh WHERE untold OR (changed>?1 AND changed>"
        " (SELECT count(*) FROM run INDEXED BY run_source WHERE run.source=fresh.id)/8)";
    struct sql_statement *statement = NULL;
    int64_t source = 0;
    struct assay_buf mark = {0};

    store_older_pack(&(struct store_older){0}, &mark);
    if (sql_prepare(store->sql, &statement, text, NULL) == ASSAY_OK) {
        sql_bind_int(statement, 1, PACK_CHANGED);
        sql_bind_blob(statement, 2, mark.data, sizeof(uint64_t));
        if (store_number(statement, &source, NULL) != ASSAY_OK) {
            source = 0;
        }
    }
    assay_buf_free(&mark);
    sql_finish(&statement);
    return source;
}

void store_pack(struct store *store)
{
    int64_t last = 0;

    for (int64_t source; (source = unpacked_source(store)) != 0 && source != last;
         last = source) {
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
