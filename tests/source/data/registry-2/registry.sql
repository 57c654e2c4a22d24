CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0584bdc529eb');
CREATE TABLE experiment_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE experiments (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','/srv/experiments/mlruns/0','active',1795893119788,1795893119788);
INSERT INTO "experiments" VALUES(1,'fraud','file:///srv/experiments/artifacts','active',1795893119811,1795893119811);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "latest_metrics" VALUES('auc',0.9,1700000000000,1,0,'cb38cd2d1dc2425895e601021e955282');
INSERT INTO "latest_metrics" VALUES('auc',0.92,1700000000000,1,0,'c5a13c40271e4ac190385b9c2eb46859');
INSERT INTO "latest_metrics" VALUES('auc',0.88,1700000000000,1,0,'34fc907f787a4023a5ba85d5b9d4018a');
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('auc',0.9,1700000000000,'cb38cd2d1dc2425895e601021e955282',1,0);
INSERT INTO "metrics" VALUES('auc',0.92,1700000000000,'c5a13c40271e4ac190385b9c2eb46859',1,0);
INSERT INTO "metrics" VALUES('auc',0.88,1700000000000,'34fc907f787a4023a5ba85d5b9d4018a',1,0);
CREATE TABLE model_version_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY ("key", name, version), 
	FOREIGN KEY(name, version) REFERENCES model_versions (name, version) ON UPDATE cascade
);
INSERT INTO "model_version_tags" VALUES('validation','passed 0','fraud',1);
INSERT INTO "model_version_tags" VALUES('validation','passed 1','fraud',2);
INSERT INTO "model_version_tags" VALUES('validation','passed 2','fraud',3);
INSERT INTO "model_version_tags" VALUES('validation','passed 1','fraud',4);
INSERT INTO "model_version_tags" VALUES('notes/long','xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx','fraud',2);
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.is_prompt','true','greeting',1);
INSERT INTO "model_version_tags" VALUES('mlflow.prompt.text','Good {{time}}, {{name}}','greeting',1);
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), storage_location VARCHAR(500), 
	CONSTRAINT model_version_pk PRIMARY KEY (name, version), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('fraud',1,1795893120932,1795893121222,NULL,NULL,'Production','file:///srv/experiments/artifacts/cb38cd2d1dc2425895e601021e955282/artifacts/model','cb38cd2d1dc2425895e601021e955282','READY',NULL,NULL,'file:///srv/experiments/artifacts/cb38cd2d1dc2425895e601021e955282/artifacts/model');
INSERT INTO "model_versions" VALUES('fraud',2,1795893120971,1795893121130,'smaller, and
quicker',NULL,'None','file:///srv/experiments/artifacts/c5a13c40271e4ac190385b9c2eb46859/artifacts/model','c5a13c40271e4ac190385b9c2eb46859','READY',NULL,NULL,'file:///srv/experiments/artifacts/c5a13c40271e4ac190385b9c2eb46859/artifacts/model');
INSERT INTO "model_versions" VALUES('fraud',3,1795893121008,1795893121327,NULL,NULL,'Deleted_Internal','REDACTED-SOURCE-PATH','REDACTED-RUN-ID','READY',NULL,'REDACTED-RUN-LINK','file:///srv/experiments/artifacts/34fc907f787a4023a5ba85d5b9d4018a/artifacts/model');
INSERT INTO "model_versions" VALUES('fraud',4,1795893121036,1795893121282,NULL,NULL,'Staging','file:///srv/experiments/artifacts/c5a13c40271e4ac190385b9c2eb46859/artifacts/model','c5a13c40271e4ac190385b9c2eb46859','READY',NULL,NULL,'file:///srv/experiments/artifacts/c5a13c40271e4ac190385b9c2eb46859/artifacts/model');
INSERT INTO "model_versions" VALUES('ranking é',1,1795893121063,1795893121063,NULL,NULL,'None','s3://elsewhere/model',NULL,'READY',NULL,NULL,'s3://elsewhere/model');
INSERT INTO "model_versions" VALUES('greeting',1,1795893121577,1795893121577,NULL,NULL,'None','dummy-source',NULL,'READY',NULL,NULL,'dummy-source');
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.1','cb38cd2d1dc2425895e601021e955282');
INSERT INTO "params" VALUES('lr','0.05','c5a13c40271e4ac190385b9c2eb46859');
INSERT INTO "params" VALUES('lr','0.03333333333333333','34fc907f787a4023a5ba85d5b9d4018a');
CREATE TABLE registered_model_aliases (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (name, alias), 
	CONSTRAINT registered_model_alias_name_fkey FOREIGN KEY(name) REFERENCES registered_models (name) ON DELETE cascade ON UPDATE cascade
);
INSERT INTO "registered_model_aliases" VALUES('champion',2,'fraud');
INSERT INTO "registered_model_aliases" VALUES('canary',4,'fraud');
INSERT INTO "registered_model_aliases" VALUES('latest-good',2,'fraud');
CREATE TABLE registered_model_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY ("key", name), 
	FOREIGN KEY(name) REFERENCES registered_models (name) ON UPDATE cascade
);
INSERT INTO "registered_model_tags" VALUES('team','ads','fraud');
INSERT INTO "registered_model_tags" VALUES('empty','','fraud');
INSERT INTO "registered_model_tags" VALUES('mlflow.prompt.is_prompt','true','greeting');
CREATE TABLE registered_models (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	CONSTRAINT registered_model_pk PRIMARY KEY (name), 
	UNIQUE (name)
);
INSERT INTO "registered_models" VALUES('fraud',1795893120853,1795893121327,'finds fraud: ''yes''
or "no" # never: both');
INSERT INTO "registered_models" VALUES('no versions',1795893120896,1795893120896,NULL);
INSERT INTO "registered_models" VALUES('ranking é',1795893120915,1795893121063,'漢字');
INSERT INTO "registered_models" VALUES('greeting',1795893121547,1795893121577,NULL);
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('cb38cd2d1dc2425895e601021e955282','run-0','UNKNOWN','','','dev','FINISHED',1700000000000,1700000001000,'','active','file:///srv/experiments/artifacts/cb38cd2d1dc2425895e601021e955282/artifacts',1,NULL);
INSERT INTO "runs" VALUES('c5a13c40271e4ac190385b9c2eb46859','run-1','UNKNOWN','','','dev','FINISHED',1700000000001,1700000001000,'','active','file:///srv/experiments/artifacts/c5a13c40271e4ac190385b9c2eb46859/artifacts',1,NULL);
INSERT INTO "runs" VALUES('34fc907f787a4023a5ba85d5b9d4018a','run-2','UNKNOWN','','','dev','FINISHED',1700000000002,1700000001000,'','active','file:///srv/experiments/artifacts/34fc907f787a4023a5ba85d5b9d4018a/artifacts',1,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','dev','cb38cd2d1dc2425895e601021e955282');
INSERT INTO "tags" VALUES('mlflow.runName','run-0','cb38cd2d1dc2425895e601021e955282');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','0000000000000000000000000000000000000001','cb38cd2d1dc2425895e601021e955282');
INSERT INTO "tags" VALUES('mlflow.user','dev','c5a13c40271e4ac190385b9c2eb46859');
INSERT INTO "tags" VALUES('mlflow.runName','run-1','c5a13c40271e4ac190385b9c2eb46859');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','0000000000000000000000000000000000000002','c5a13c40271e4ac190385b9c2eb46859');
INSERT INTO "tags" VALUES('mlflow.user','dev','34fc907f787a4023a5ba85d5b9d4018a');
INSERT INTO "tags" VALUES('mlflow.runName','run-2','34fc907f787a4023a5ba85d5b9d4018a');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','0000000000000000000000000000000000000003','34fc907f787a4023a5ba85d5b9d4018a');
CREATE TABLE "trace_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_tag_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_tags_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
