-- Two small tables of which every row changes every second. With room left in each page a new version of a row finds
-- place beside the old one and no index is touched: without it, seven of ten changes of signal_states wrote to both
-- of its indexes (docs/adr/0014).
ALTER TABLE signal_states SET (fillfactor = 40);
ALTER TABLE streams SET (fillfactor = 60);
