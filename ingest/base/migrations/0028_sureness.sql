-- insights: how sure a detector was, too: trends by confidence read the index alone ---------

drop index insight_by_call;
create index insight_by_call on insight (call_id, kind)
    include (label, review, stance, detector, version, confidence);
